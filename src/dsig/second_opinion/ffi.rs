//! The calls into libxml2 and libxmlsec1 for which the crates `libxml` and `xmlsec` have no safe way: having the
//! libraries alone and mute, registering one ID, restricting a verification, and reading what was digested.
//!
//! The only unsafe code of this crate. All of it works on documents, nodes and contexts that their crates own and that
//! the caller borrows, so that no pointer outlives what it points into; nothing here is kept but the two callbacks.
#![allow(unsafe_code, reason = "the safe APIs of both crates lack these calls")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use libxml::bindings as xml2;
use libxml::tree::{Document, Node};
use xmlsec::XmlSecSignatureContext;
use xmlsec::bindings as xmlsec1;

type ErrorCallback =
    unsafe extern "C" fn(*const c_char, c_int, *const c_char, *const c_char, *const c_char, c_int, *const c_char);

unsafe extern "C" {
    /// From `xmlsec/errors.h`, which the crate has no bindings for; libxmlsec1 1.2 and 1.3.
    fn xmlSecErrorsSetCallback(callback: Option<ErrorCallback>);
}

/// Both libraries, initialised, for one caller at a time: their callbacks are global, and neither writes to stderr.
pub(super) struct Libraries {
    complaint: Box<AtomicBool>,
    before: (xml2::xmlStructuredErrorFunc, *mut c_void),
    _alone: MutexGuard<'static, ()>,
}

impl Libraries {
    /// Waits until nobody else has them.
    pub(super) fn enter() -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let alone = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // Initialises everything once, and sets a callback that prints, which therefore has to be replaced later.
        drop(XmlSecSignatureContext::new());
        let complaint = Box::new(AtomicBool::new(false));
        // SAFETY: Setting a callback and a mark asks for nothing but initialised libraries. libxml2 keeps its error
        // handler for each thread; the two accessors return valid pointers to this thread's. `complaint` is on the heap
        // and lives until the handler is put back in `drop`.
        let before = unsafe {
            xmlSecErrorsSetCallback(Some(stay_silent));
            xmlsec1::ERR_set_mark();
            let before = (*xml2::__xmlStructuredError(), *xml2::__xmlStructuredErrorContext());
            xml2::xmlSetStructuredErrorFunc((&raw const *complaint).cast_mut().cast(), Some(note_complaint));
            before
        };
        Self { complaint, before, _alone: alone }
    }

    /// Whether libxml2 had anything to say outside of parsing, for which the crate `libxml` collects it.
    pub(super) fn complained(&self) -> bool {
        self.complaint.load(Ordering::Relaxed)
    }
}

impl Drop for Libraries {
    fn drop(&mut self) {
        let (handler, context) = self.before;
        // SAFETY: As in `enter`, on the same thread: `MutexGuard` makes this type `!Send`. What OpenSSL noted since then
        // would confuse the host's own connections; if there was no note before, there is none afterwards.
        unsafe {
            xml2::xmlSetStructuredErrorFunc(context, handler);
            xmlsec1::ERR_pop_to_mark();
        }
    }
}

/// libxmlsec1's messages quote the document. Its verdict is all that counts.
unsafe extern "C" fn stay_silent(
    _file: *const c_char,
    _line: c_int,
    _function: *const c_char,
    _object: *const c_char,
    _subject: *const c_char,
    _reason: c_int,
    _message: *const c_char,
) {
}

/// libxml2's handler; the type of the error depends on its version.
unsafe extern "C" fn note_complaint<E>(complaint: *mut c_void, _error: E) {
    // SAFETY: The pointer is the one that `enter` set, and lives as long as this handler is set.
    unsafe { &*complaint.cast::<AtomicBool>() }.store(true, Ordering::Relaxed);
}

/// Makes the attribute `ID` of an element one that references find. Nothing if there is none, or its value is taken.
pub(super) fn register_id(document: &Document, element: &Node) -> Option<()> {
    let attribute = element.get_property_node_no_ns("ID")?;
    let value = CString::new(attribute.get_content()).ok()?;
    // SAFETY: The attribute is one of the document's, found a line above, and nodes of this type are `xmlAttr`s.
    // libxml2 copies the value. Without a validation context it reports nothing.
    let id =
        unsafe { xml2::xmlAddID(null_mut(), document.doc_ptr(), value.as_ptr().cast(), attribute.node_ptr().cast()) };
    (!id.is_null()).then_some(())
}

/// Lets a verification use nothing but references within the document and these algorithms, and keep what it digests.
/// Nothing if libxmlsec1 does not know one of them.
pub(super) fn restrict(context: &mut XmlSecSignatureContext, signature: &[&str], reference: &[&str]) -> Option<()> {
    for uri in signature {
        let id = transform(uri)?;
        // SAFETY: The context is alive and borrowed alone; the ID is one of libxmlsec1's own, which are static.
        (unsafe { xmlsec1::xmlSecDSigCtxEnableSignatureTransform(context.as_ptr(), id) } == 0).then_some(())?;
    }
    for uri in reference {
        let id = transform(uri)?;
        // SAFETY: As above.
        (unsafe { xmlsec1::xmlSecDSigCtxEnableReferenceTransform(context.as_ptr(), id) } == 0).then_some(())?;
    }
    // SAFETY: The context is alive, borrowed alone, and nobody reads these fields before the verification.
    unsafe {
        let context = context.as_ptr();
        (*context).enabledReferenceUris = xmlsec1::xmlSecTransformUriTypeSameDocument;
        (*context).flags |= xmlsec1::XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
    }
    Some(())
}

fn transform(uri: &str) -> Option<xmlsec1::xmlSecTransformId> {
    let uri = CString::new(uri).ok()?;
    // SAFETY: The libraries are initialised wherever there is a context, and the list is theirs; the URI is only read.
    let id = unsafe {
        xmlsec1::xmlSecTransformIdListFindByHref(
            xmlsec1::xmlSecTransformIdsGet(),
            uri.as_ptr().cast(),
            xmlsec1::xmlSecTransformUsageAny,
        )
    };
    (!id.is_null()).then_some(id)
}

/// The octets that the one reference of a verified signature was computed over. Nothing if there are none or several.
pub(super) fn digested(context: &mut XmlSecSignatureContext) -> Option<Vec<u8>> {
    // SAFETY: The context is alive and borrowed alone. The items of its list of references are reference contexts that it
    // owns, and `restrict` made each keep its buffer; null is looked for at each step. The buffer holds as many
    // initialised octets as it says, and they are copied before the borrow ends.
    unsafe {
        let references = &raw mut (*context.as_ptr()).signedInfoReferences;
        if xmlsec1::xmlSecPtrListGetSize(references) != 1 {
            return None;
        }
        let reference = xmlsec1::xmlSecPtrListGetItem(references, 0);
        if reference.is_null() {
            return None;
        }
        let buffer = xmlsec1::xmlSecDSigReferenceCtxGetPreDigestBuffer(reference.cast());
        if buffer.is_null() {
            return None;
        }
        let octets = xmlsec1::xmlSecBufferGetData(buffer);
        let length = usize::try_from(xmlsec1::xmlSecBufferGetSize(buffer)).ok()?;
        (!octets.is_null()).then(|| std::slice::from_raw_parts(octets, length).to_vec())
    }
}
