//! The table of reasons: one row each, with everything an error says about itself.

use std::fmt;

/// What a reason says about itself.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub(super) code: &'static str,
    pub(super) category: Category,
    pub(super) fault: Fault,
    pub(super) spec: &'static str,
    pub(super) sentence: &'static str,
    pub(super) remedy: &'static str,
}

/// The coarse class of a refusal, the same words for every kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Category {
    /// A signature or digest does not verify with a key of this connection.
    Signature,
    /// Nothing signed covers what would be read.
    Unsigned,
    /// A signature covers something else than what would be read.
    Wrapping,
    /// Meant for another service provider.
    Audience,
    /// The subject confirmation is for another endpoint.
    Recipient,
    /// The message is for another endpoint.
    Destination,
    /// Too late.
    Expired,
    /// Too early.
    NotYetValid,
    /// Not the answer to the request at hand.
    InResponseTo,
    /// Not from the identity provider of this connection.
    Issuer,
    /// The identity provider says that it failed.
    Status,
    /// Nothing asserted.
    NoAssertion,
    /// More than one thing asserted.
    MultipleAssertions,
    /// Not the XML or the element structure that it should be.
    Xml,
    /// Can't be decrypted.
    Encryption,
    /// Seen before.
    Replay,
    /// An algorithm or key size that is not allowed here.
    Algorithm,
    /// The subject or its confirmation is missing or unusable.
    Subject,
    /// A condition or statement is missing or can't be met.
    Conditions,
    /// Another version of SAML.
    Version,
    /// Metadata without an identity provider.
    NoIdp,
    /// Metadata of an identity provider without a usable single sign-on service.
    NoSso,
}

impl Category {
    /// The stable lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Unsigned => "unsigned",
            Self::Wrapping => "wrapping",
            Self::Audience => "audience",
            Self::Recipient => "recipient",
            Self::Destination => "destination",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::InResponseTo => "in_response_to",
            Self::Issuer => "issuer",
            Self::Status => "status",
            Self::NoAssertion => "no_assertion",
            Self::MultipleAssertions => "multiple_assertions",
            Self::Xml => "xml",
            Self::Encryption => "encryption",
            Self::Replay => "replay",
            Self::Algorithm => "algorithm",
            Self::Subject => "subject",
            Self::Conditions => "conditions",
            Self::Version => "version",
            Self::NoIdp => "no_idp",
            Self::NoSso => "no_sso",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who or what is to blame for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The message is not what the standards allow: a defect of the sender, or an attack.
    Message,
    /// Nothing proves that the identity provider of this connection said it.
    Trust,
    /// It was meant for somebody else, or the two ends are configured differently.
    Addressing,
    /// The clocks differ, or it came too late.
    Clock,
    /// It has been used before.
    Replay,
    /// The identity provider declined.
    Declined,
    /// The settings of this end.
    Configuration,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "message",
            Self::Trust => "trust",
            Self::Addressing => "addressing",
            Self::Clock => "clock",
            Self::Replay => "replay",
            Self::Declined => "declined",
            Self::Configuration => "configuration",
        })
    }
}

macro_rules! reasons {
    ($($(#[$group_doc:meta])* $group:ident { $($name:ident $code:literal $category:ident $fault:ident $spec:literal
        : $sentence:literal => $remedy:literal;)* })*) => {
        /// Why something was refused, by area. [`Rejection::code`](super::Rejection::code) is its name in logs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$group_doc])* $group($group),)* }

        impl Reason {
            pub(super) fn facts(self) -> Facts {
                match self { $(Self::$group(reason) => reason.facts(),)* }
            }
        }

        impl Reason {
            /// Every reason there is, for documentation and translation.
            #[must_use]
            pub fn all() -> Vec<Reason> {
                vec![$($(Reason::$group($group::$name),)*)*]
            }

            /// The stable identifier `area.name`.
            #[must_use]
            pub fn code(self) -> &'static str {
                self.facts().code
            }
        }

        $($(#[$group_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $group { $(#[doc = concat!("`", $code, "`: ", $sentence, ". ", $spec, ". Remedy: ", $remedy, ".")] $name,)* }

        impl $group {
            fn facts(self) -> Facts {
                match self { $(Self::$name => Facts {
                    code: $code, category: Category::$category, fault: Fault::$fault, spec: $spec, sentence: $sentence, remedy: $remedy,
                },)* }
            }
        }

        impl From<$group> for Reason {
            fn from(reason: $group) -> Self { Self::$group(reason) }
        })*
    };
}

reasons! {
    /// How the message travelled.
    Binding {
        Base64 "binding.base64" Xml Message "SAML Bindings 3.5.4": "the form value is not base64" => "post the value of SAMLResponse as it arrived, decoded once from the form encoding";
        DuplicateParam "binding.duplicate_param" Xml Message "SAML Bindings 3.4.4": "a parameter stands twice" => "look at the sender and at proxies: one of the two may be an attacker's";
        AmbiguousMessage "binding.ambiguous_message" Xml Message "SAML Bindings 3.4.4": "there are both a SAMLRequest and a SAMLResponse" => "have the sender send one message at a time";
        MissingParam "binding.missing_param" Xml Message "SAML Bindings 3.4.4": "there is no SAML message" => "check that the whole query or form reaches this end";
        BadParamEncoding "binding.bad_param_encoding" Xml Message "SAML Bindings 3.4.4": "a parameter is not URL-encoded as it should be" => "pass the raw query string as it arrived";
        TooLarge "binding.too_large" Xml Message "this crate's Limits": "the form value is larger than the limit" => "raise Limits if the identity provider really sends that much";
    }
    /// The HTTP-Redirect binding.
    Redirect {
        UnsupportedEncoding "binding.unsupported_encoding" Xml Message "SAML Bindings 3.4.4": "the message is encoded in another way than DEFLATE" => "have the sender use the DEFLATE encoding";
        Inflate "binding.inflate" Xml Message "SAML Bindings 3.4.4.1": "the message is not DEFLATE data" => "pass the raw query string as it arrived";
        InflateTooLarge "binding.inflate_too_large" Xml Message "this crate's Limits": "the message is larger than the limit once it is inflated" => "raise Limits if the sender really sends that much";
        InflateTrailing "binding.inflate_trailing" Xml Message "SAML Bindings 3.4.4.1": "something follows the DEFLATE data" => "have the sender send the message alone";
        DetachedSignatureMissing "binding.detached_signature_missing" Unsigned Trust "SAML Bindings 3.4.4.1": "the query is not signed" => "switch on signing of logout messages at the identity provider";
        DetachedAlgorithm "binding.detached_algorithm" Algorithm Message "SAML Bindings 3.4.4.1": "the query is signed with an algorithm that is not allowed" => "set RSA-SHA256 at the identity provider; for RSA-SHA1 there is the relaxation sha1";
        DetachedSignatureInvalid "binding.detached_signature_invalid" Signature Trust "SAML Bindings 3.4.4.1": "the signature of the query does not verify with any key of this connection" => "register the certificate that the identity provider signs with, and pass the raw query string as it arrived";
        WrongBinding "binding.wrong_binding" Xml Message "SAML Profiles 4.1.2": "the message came over a binding that it may not come over" => "have the identity provider answer with HTTP-POST";
    }
    /// XML that is not well-formed or holds what messages may not hold.
    Xml {
        Doctype "xml.doctype" Xml Message "SAML Core 1.1; XML 1.0 2.8": "the document has a DOCTYPE" => "have the sender leave out the DOCTYPE";
        EntityRef "xml.entity_ref" Xml Message "XML 1.0 4.1": "the document refers to an entity that is not declared" => "only amp, lt, gt, quot and apos exist without a DTD";
        CharRef "xml.char_ref" Xml Message "XML 1.0 4.1": "a character reference names no XML character" => "have the sender remove the character";
        Comment "xml.comment" Xml Message "this crate's XML profile": "the message holds a comment" => "have the sender leave out comments: they are not signed";
        ProcessingInstruction "xml.processing_instruction" Xml Message "this crate's XML profile": "the document holds a processing instruction" => "have the sender leave it out";
        CData "xml.cdata" Xml Message "this crate's XML profile": "the message holds a CDATA section" => "have the sender write the text with references instead";
        XmlDecl "xml.xml_decl" Xml Message "XML 1.0 2.8": "the XML declaration is malformed, misplaced or not of version 1.0" => "have the sender write <?xml version=\"1.0\" encoding=\"UTF-8\"?> at the very start or nothing";
        Encoding "xml.encoding" Xml Message "XML 1.0 4.3.3": "the document is not UTF-8 or is declared as something else" => "have the sender write UTF-8";
        InvalidChar "xml.invalid_char" Xml Message "XML 1.0 2.2": "the document holds a character that XML does not allow" => "have the sender remove control characters";
        NotWellFormed "xml.not_well_formed" Xml Message "XML 1.0 2.1": "the document is not well-formed XML" => "look at the place: the message was damaged on the way, or is no XML";
        MultipleRoots "xml.multiple_roots" Xml Message "XML 1.0 2.1": "the document has more than one root element" => "send one message at a time";
        TrailingContent "xml.trailing_content" Xml Message "XML 1.0 2.1": "something follows the root element" => "send the message alone";
    }
    /// Names and namespaces.
    Namespace {
        Name "xml.name" Xml Message "Namespaces in XML 4": "a name is not a valid XML name" => "have the sender correct the name";
        DuplicateAttribute "xml.duplicate_attribute" Xml Message "Namespaces in XML 6.3": "an element has the same attribute twice" => "have the sender write each attribute once";
        UnboundPrefix "xml.unbound_prefix" Xml Message "Namespaces in XML 5": "a namespace prefix is not declared" => "have the sender declare the prefix; a part cut out of a larger document lacks its declarations";
        ReservedPrefix "xml.reserved_prefix" Xml Message "Namespaces in XML 3": "the prefixes xml and xmlns are used or bound wrongly" => "have the sender leave xml and xmlns alone";
        PrefixUndeclared "xml.prefix_undeclared" Xml Message "Namespaces in XML 5": "a namespace prefix is undeclared again" => "have the sender remove the empty declaration";
        NamespaceUri "xml.namespace_uri" Xml Message "Canonical XML 1.3": "a namespace name is not an absolute URI" => "have the sender use an absolute URI: canonical XML is undefined for others";
    }
    /// The limits on size and structure, see [`Limits`](crate::Limits).
    Limit {
        Size "xml.limit_size" Xml Message "this crate's Limits": "the document is larger than the limit" => "raise Limits if the sender really sends that much";
        Depth "xml.limit_depth" Xml Message "this crate's Limits": "elements are nested deeper than the limit" => "no SAML message needs that";
        Nodes "xml.limit_nodes" Xml Message "this crate's Limits": "the document has more elements than the limit" => "raise Limits if the sender really sends that many";
        Attributes "xml.limit_attributes" Xml Message "this crate's Limits": "an element has more attributes than the limit" => "no SAML message needs that";
        Namespaces "xml.limit_namespaces" Xml Message "this crate's Limits": "more namespaces are declared than the limit" => "no SAML message needs that";
        Prefixes "xml.limit_prefixes" Xml Message "this crate's Limits": "an InclusiveNamespaces list is longer than the limit" => "no SAML message needs that";
    }
    /// Elements and attributes that are not where the schemas put them.
    Schema {
        Element "schema.element" Xml Message "SAML schemas": "an element stands where the schema has none" => "look at the place: this is not the message the endpoint is for, or not SAML 2.0";
        Attribute "schema.attribute" Xml Message "SAML schemas": "an element has an attribute that the schema does not give it" => "have the sender leave it out";
        Missing "schema.missing" Xml Message "SAML schemas": "a required element or attribute is missing" => "have the sender add it";
        Cardinality "schema.cardinality" Xml Message "SAML schemas": "an element stands more often than the schema allows" => "have the sender write it once";
        Order "schema.order" Xml Message "SAML schemas": "elements stand in another order than in the schema" => "have the sender follow the order of the schema";
        Text "schema.text" Xml Message "SAML schemas": "an element holds text where elements belong, or elements where text belongs" => "have the sender correct the content";
        Value "schema.value" Xml Message "SAML schemas": "a value does not have the form that its type asks for" => "have the sender correct the value";
        DateTime "schema.date_time" Xml Message "SAML Core 1.3.3": "a time is not of the form 2026-01-31T12:00:00Z" => "have the sender write times in UTC";
        Version "schema.version" Version Message "SAML Core 3.2.1": "the message is not SAML version 2.0" => "switch the identity provider to SAML 2.0";
        ForeignNamespace "schema.foreign_namespace" Xml Message "SAML schemas": "an element of a foreign namespace stands where the schema has none" => "have the sender use the namespaces of SAML 2.0";
    }
    /// A `ds:Signature` as a whole: place, structure, algorithm, key.
    Signature {
        Misplaced "dsig.misplaced" Wrapping Message "SAML Core 5.4.1": "a signature does not stand where the schema puts it" => "the signature of a message or assertion follows its Issuer";
        Multiple "dsig.multiple" Wrapping Message "SAML Core 5.4.1": "an element has more than one signature" => "have the sender sign each element once";
        Structure "dsig.structure" Signature Message "XML-DSig 4": "a signature is not built as the standard says" => "look at the place: something was added to the signature or left out";
        SignedInfoCount "dsig.signed_info_count" Signature Message "XML-DSig 4.1": "a signature does not hold exactly one SignedInfo" => "the message was tampered with or the signing software is broken";
        ObjectForbidden "dsig.object_forbidden" Wrapping Message "SAML Core 5.4.2": "a signature holds a ds:Object" => "have the sender sign without ds:Object";
        DuplicateId "dsig.duplicate_id" Wrapping Message "SAML Core 1.3.4": "two elements have the same ID" => "the message was tampered with or the sender is broken";
        C14nMethod "dsig.c14n_method" Algorithm Message "SAML Core 5.4.3": "SignedInfo is canonicalized by a method that is not allowed" => "set exclusive canonicalization at the identity provider, or switch on the relaxation inclusive_c14n for this connection";
        SignatureAlgorithm "dsig.signature_algorithm" Algorithm Message "XML-DSig 6": "the signature algorithm is not allowed" => "set RSA-SHA256 or ECDSA-SHA256 at the identity provider; for RSA-SHA1 there is the relaxation sha1";
        KeyAlgorithmMismatch "dsig.key_algorithm_mismatch" Signature Trust "XML-DSig 6.4": "the signature algorithm does not fit any key of this connection" => "register the certificate that the identity provider signs with";
        WeakKey "dsig.weak_key" Algorithm Trust "NIST SP 800-131A": "the key of this connection is shorter than 2048 bits" => "renew the identity provider's key, or switch on the relaxation rsa1024 for this connection";
        SignatureEncoding "dsig.signature_encoding" Signature Message "XML-DSig 4.2": "SignatureValue is not base64" => "the message was damaged on the way";
        SignatureInvalid "dsig.signature_invalid" Signature Trust "XML-DSig 3.2.2": "a signature does not verify with any key of this connection" => "register the certificate that the identity provider signs with now: it may have been renewed";
    }
    /// What a signature refers to.
    Reference {
        ReferenceCount "dsig.reference_count" Signature Message "SAML Core 5.4.2": "a signature does not hold exactly one Reference" => "have the sender sign one element a signature";
        ReferenceUri "dsig.reference_uri" Signature Message "SAML Core 5.4.2": "a Reference does not name an element by #ID" => "have the sender refer to the ID of the signed element";
        ReferenceTarget "dsig.reference_target" Wrapping Message "SAML Core 5.4.2": "a signature refers to another element than the one it stands in" => "the message was tampered with or put together from parts";
        Transform "dsig.transform" Algorithm Message "SAML Core 5.4.4": "a Reference has other transforms than enveloped-signature and exclusive canonicalization" => "set exclusive canonicalization at the identity provider; for inclusive canonicalization there is the relaxation inclusive_c14n";
        DigestAlgorithm "dsig.digest_algorithm" Algorithm Message "XML-DSig 6.2": "the digest algorithm is not allowed" => "set SHA-256 at the identity provider; for SHA-1 there is the relaxation sha1";
        DigestEncoding "dsig.digest_encoding" Signature Message "XML-DSig 4.4.3.6": "DigestValue is not base64 of the digest's length" => "the message was damaged on the way";
        DigestMismatch "dsig.digest_mismatch" Signature Message "XML-DSig 3.2.1": "the signed element was changed after signing" => "the message was tampered with or re-formatted on the way";
        C14nFailed "c14n.failed" Algorithm Message "Canonical XML 1.1 2.4": "an inherited xml:base can't be canonicalized" => "set exclusive canonicalization at the identity provider";
        EmptyOutput "c14n.empty_output" Signature Message "XML-DSig 4.4.3.2": "a signature covers nothing" => "the message was tampered with or the signing software is broken";
    }
    /// The second engine, with the feature `xmlsec`.
    SecondEngine {
        Disagree "dsig.engines_disagree" Signature Message "XML-DSig 3.2": "a second engine does not agree that a signature verifies" => "keep the message and report it: one of the two engines has a defect, or somebody looks for one";
        CannotJudge "dsig.second_opinion" Algorithm Configuration "this crate's Policy": "a second opinion on a signature is required and the second engine does not know its algorithm" => "set RSA-SHA256 (PKCS#1 v1.5) or ECDSA-SHA256 at the identity provider, or ask for a second opinion where it is supported";
    }
    /// XML encryption.
    Decryption {
        NotConfigured "enc.not_configured" Encryption Configuration "SAML Core 2.3.4": "the assertion is encrypted and there is no decryption key" => "give the service provider a decryption key, or switch encryption off at the identity provider";
        Required "profile.encryption_required" Encryption Configuration "SAML Core 2.3.4": "the assertion is not encrypted and this connection demands it" => "switch encryption of assertions on at the identity provider, with this end's encryption certificate";
        Algorithm "enc.algorithm" Algorithm Message "XML Encryption 1.1 5": "an encryption algorithm is not allowed" => "set AES-GCM with RSA-OAEP at the identity provider; where it can only do AES-CBC have it sign the response, or switch on the relaxation cbc for this connection";
        Structure "enc.structure" Encryption Message "XML Encryption 1.1 3": "encrypted content is not built as the standard says" => "look at the place: something is missing or unknown";
        CipherReference "enc.cipher_reference" Encryption Message "XML Encryption 1.1 3.3.1": "encrypted content lies elsewhere" => "have the identity provider send it along";
        TooManyKeys "enc.too_many_keys" Encryption Message "this crate's limits": "there are more encrypted keys than are tried" => "have the identity provider encrypt for this service provider only";
        Failed "enc.failed" Encryption Message "XML Encryption 1.1 4.4": "encrypted content can't be used" => "give the identity provider this end's current encryption certificate; if it has it, see its log: what is wrong inside is never told";
    }
    /// The rules of the Web Browser SSO profile.
    Profile {
        Status "profile.status" Status Declined "SAML Core 3.2.2": "the identity provider did not authenticate the user" => "see the identity provider's log; the status code is in the report";
        NoPassive "profile.no_passive" Status Declined "SAML Core 3.2.2.2": "the identity provider could not sign the user in without showing itself" => "start the login again without IsPassive";
        NoAssertion "profile.no_assertion" NoAssertion Message "SAML Profiles 4.1.4.2": "the response holds no assertion" => "have the identity provider send an assertion";
        MultipleAssertions "profile.multiple_assertions" MultipleAssertions Message "this crate's strict profile": "the response holds more than one assertion" => "have the identity provider send one assertion";
        Unsigned "profile.unsigned" Unsigned Trust "SAML Profiles 4.1.4.3": "no signature covers the assertion" => "switch on signing of assertions or responses at the identity provider";
        Issuer "profile.issuer" Issuer Trust "SAML Profiles 4.1.4.2": "the issuer is not the identity provider of this connection" => "register the identity provider's entityID exactly as it sends it";
        Destination "profile.destination" Destination Addressing "SAML Bindings 3.5.5.2": "the response was sent to another endpoint" => "set the assertion consumer service URL at the identity provider exactly as in this end's metadata";
        InResponseTo "profile.in_response_to" InResponseTo Message "SAML Profiles 4.1.4.3": "the response is not the answer to this request" => "start the login again from this application";
        Unsolicited "profile.unsolicited" InResponseTo Configuration "SAML Profiles 4.1.5": "the response was not asked for and this connection does not accept that" => "start the login at this application, or allow unsolicited responses for this connection";
        AuthnStatement "profile.authn_statement" Conditions Message "SAML Profiles 4.1.4.2": "the assertion does not say how the user was authenticated" => "have the identity provider send an AuthnStatement, or switch on the relaxation no_authn_statement";
        AuthnContext "profile.authn_context" Conditions Declined "SAML Core 3.3.2.2.1": "the user was not authenticated in the way that was asked for" => "ask for another context, or set up the identity provider to provide it";
        UnknownCondition "profile.unknown_condition" Conditions Message "SAML Core 2.5.1.1": "the assertion holds a condition that is not understood" => "have the identity provider leave out the extension";
        Audience "profile.audience" Audience Addressing "SAML Core 2.5.1.4": "the assertion is for another service provider" => "set the audience at the identity provider to this end's entityID, to the letter";
    }
    /// The subject and its confirmation.
    Subject {
        Subject "profile.subject" Subject Message "SAML Profiles 4.1.4.2": "the assertion has no usable subject" => "have the identity provider send a Subject";
        NameId "profile.name_id" Subject Message "SAML Core 2.2.3": "the name identifier is empty" => "map the NameID at the identity provider to an attribute that every user has";
        SubjectConfirmation "profile.subject_confirmation" Subject Message "SAML Profiles 4.1.4.2": "no bearer confirmation of the subject is usable" => "have the identity provider send a bearer SubjectConfirmation with Recipient and NotOnOrAfter";
        Recipient "profile.recipient" Recipient Addressing "SAML Profiles 4.1.4.2": "the subject is confirmed for another endpoint" => "set the assertion consumer service URL at the identity provider exactly as in this end's metadata";
        NotBefore "profile.confirmation_not_before" Subject Message "SAML Profiles 4.1.4.2": "the bearer confirmation has a NotBefore, which the profile forbids" => "have the identity provider leave it out, or switch on the relaxation scd_not_before";
    }
    /// Instants.
    Validity {
        NotYetValid "profile.not_yet_valid" NotYetValid Clock "SAML Core 2.5.1.2": "the assertion is not valid yet" => "compare the clocks of both ends";
        Expired "profile.expired" Expired Clock "SAML Core 2.5.1.2": "the assertion has expired" => "start the login again; if it happens each time compare the clocks of both ends";
        IssueInstant "profile.issue_instant" NotYetValid Clock "SAML Core 2.3.3": "the message was issued in the future" => "compare the clocks of both ends";
        AuthnInstant "profile.authn_instant" Expired Declined "SAML Core 3.4.1": "the user was authenticated before the request although a fresh authentication was asked for" => "make the identity provider honour ForceAuthn";
        SessionExpired "profile.session_expired" Expired Clock "SAML Core 2.7.2": "the identity provider's session has ended" => "start the login again";
    }
    /// The state that ties a response to a login, a browser and a connection.
    Flow {
        UnknownRequest "flow.unknown_request" InResponseTo Addressing "SAML Profiles 4.1.4.3": "the response answers a request that is not pending here" => "start the login again; check that the pending login survives until the answer";
        RequestExpired "flow.request_expired" InResponseTo Clock "SAML Profiles 4.1.4.3": "the login took too long" => "start the login again";
        ConnectionMismatch "flow.connection_mismatch" Issuer Addressing "this crate's tenancy rules": "the login was started for another connection" => "finish the login where it was started";
        ConnectionDraft "flow.connection_draft" Issuer Configuration "this crate's registration rules": "the connection was not tried out yet" => "finish one test login through it, which activates it";
        ConnectionDisabled "flow.connection_disabled" Issuer Configuration "this crate's registration rules": "the connection is switched off" => "switch it on again, or sign in another way";
        RequestConsumed "flow.request_consumed" InResponseTo Replay "SAML Profiles 4.1.4.5": "the login was finished or given up before" => "start the login again; the Back button repeats an old answer";
        BrowserMismatch "flow.browser_mismatch" InResponseTo Addressing "this crate's flow rules": "the login was started in another browser" => "start the login again in this browser; the binding cookie needs SameSite=None, Secure and https";
        Purpose "flow.purpose" InResponseTo Addressing "this crate's flow rules": "the login was started for another purpose" => "start again from the page that you want to use";
        Account "flow.account" InResponseTo Addressing "this crate's flow rules": "the login was started for another account" => "sign in with the account that started it, or start again";
        Replay "flow.replay" Replay Replay "SAML Profiles 4.1.4.5": "the assertion was used before" => "start the login again";
    }
    /// A login that yields no user.
    Mapping {
        NoIdentifier "mapping.no_identifier" Subject Configuration "SAML Core 2.2.2, 2.7.3": "the identity provider sent nothing that identifies the user" => "the mapping report says what was looked for, what arrived, and what to change";
        AmbiguousIdentifier "mapping.ambiguous_identifier" Subject Configuration "SAML Core 2.7.3.1": "the identity provider sent several values where one identifies the user" => "have the identity provider send one value, or map the identifier to another attribute";
        UnusableIdentifier "mapping.unusable_identifier" Subject Configuration "this crate's mapping rules": "what identifies the user is too long, or has characters that can't be seen" => "have the identity provider send the bare value of at most 256 characters";
        UnstableNameId "mapping.unstable_name_id" Subject Configuration "SAML Core 8.3.8, 8.3.1": "the identity provider sent a name identifier that need not be the same at the next login" => "have the identity provider send a persistent NameID, or map the identifier to an attribute that never changes";
        NoEmail "mapping.no_email" Subject Configuration "SAML Core 2.7.3": "the identity provider sent no e-mail address" => "the mapping report says what was looked for, what arrived, and what to change";
        AmbiguousEmail "mapping.ambiguous_email" Subject Configuration "SAML Core 2.7.3.1": "the identity provider sent several e-mail addresses" => "have the identity provider send one, the primary";
        UnusableEmail "mapping.unusable_email" Subject Configuration "RFC 5321 section 4.1.2": "what was sent as the e-mail address is none" => "have the identity provider send the bare address, with an international domain in its ASCII form (xn--)";
    }
    /// The rules of the Single Logout profile.
    Logout {
        Unsigned "slo.unsigned" Unsigned Trust "SAML Profiles 4.4.4": "the logout message is not signed" => "switch on signing of logout messages at the identity provider; for responses alone there is the relaxation unsigned_logout_response";
        Issuer "slo.issuer" Issuer Trust "SAML Profiles 4.4.4": "the issuer is not the identity provider of this connection" => "register the identity provider's entityID exactly as it sends it";
        Destination "slo.destination" Destination Addressing "SAML Bindings 3.4.5.2": "the logout message was sent to another endpoint" => "set the single logout URL at the identity provider exactly as in this end's metadata";
        Expired "slo.expired" Expired Clock "SAML Core 3.7.1": "the logout message has expired" => "log out again; if it happens each time compare the clocks of both ends";
        IssueInstant "slo.issue_instant" NotYetValid Clock "SAML Core 3.2.1": "the logout message was issued in the future" => "compare the clocks of both ends";
        Replay "slo.replay" Replay Replay "SAML Core 3.7.3": "the logout request was used before" => "nothing: what it asked for was done the first time";
        NameId "slo.name_id" Subject Message "SAML Core 3.7.1": "the logout request does not name one user" => "have the identity provider send the NameID of the login";
        NameIdMismatch "slo.name_id_mismatch" Subject Message "SAML Core 3.7.3.2": "nobody with that name identifier signed in over this connection" => "have the identity provider send the NameID of the login with its Format and both qualifiers";
        SessionUnknown "slo.session_unknown" Subject Message "SAML Core 3.7.3.2": "the user has no session of that SessionIndex here" => "have the identity provider send the SessionIndex of the login, or none for all sessions";
        TooManySessions "slo.too_many_sessions" Xml Message "this crate's limits": "the logout request names more sessions than are looked up" => "have the identity provider leave out the SessionIndex to end all sessions";
        InResponseTo "slo.in_response_to" InResponseTo Message "SAML Core 3.2.2": "the logout response is not the answer to a logout that is under way" => "nothing: the session here has ended; log out again for the identity provider's";
        Status "slo.status" Status Declined "SAML Core 3.7.3": "the identity provider did not log the user out" => "see the identity provider's log; the session here has ended";
    }
    /// Metadata of an identity provider.
    Metadata {
        NoIdp "metadata.no_idp" NoIdp Configuration "SAML Metadata 2.4.3": "the metadata describes no SAML 2.0 identity provider" => "use the metadata of the identity provider, not of a service provider";
        NoSso "metadata.no_sso" NoSso Configuration "SAML Metadata 2.4.3": "the identity provider has no single sign-on service over HTTP-Redirect or HTTP-POST" => "switch one of these bindings on at the identity provider";
        NoSigningKey "metadata.no_signing_key" NoIdp Configuration "SAML Metadata 2.4.1.1": "the metadata holds no usable signing key" => "have the identity provider publish its signing certificate";
        TooManyKeys "metadata.too_many_keys" Xml Configuration "this crate's IdentityProvider": "the metadata holds more keys of an identity provider than are kept" => "have the identity provider remove the keys that it no longer uses";
        Key "metadata.key" Xml Configuration "SAML Metadata 2.4.1.1": "a signing key can't be read, or what it is for is not known" => "look at the place; take the certificate from the identity provider again";
        Endpoint "metadata.endpoint" NoSso Configuration "SAML Metadata 2.2.2": "the single sign-on endpoints are not http or https URLs" => "have the identity provider correct its endpoints";
        Expired "metadata.expired" Expired Clock "SAML Metadata 2.3.2": "the metadata has expired" => "fetch the metadata again";
        Rollback "metadata.rollback" Expired Trust "SAML Metadata 2.3.2": "the metadata is older than that in use" => "if the publisher has shortened its validity on purpose, register the URL again";
        EntityNotFound "metadata.entity_not_found" NoIdp Configuration "SAML Metadata 2.3.1": "the metadata does not hold that entity" => "check the entityID";
        EntityChoice "metadata.entity_choice" NoIdp Configuration "SAML Metadata 2.3.1": "the metadata holds several identity providers" => "say which entityID is meant";
        DuplicateEntity "metadata.duplicate_entity" Xml Configuration "SAML Metadata 2.3": "the metadata describes the same entity twice" => "have the publisher remove one";
        Unsigned "metadata.unsigned" Unsigned Trust "SAML Metadata 3": "the metadata is not signed" => "use the signed metadata, or obtain it over an authenticated channel";
    }
}
