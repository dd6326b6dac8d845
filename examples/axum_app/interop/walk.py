"""walk.py KIT IDP BASE RUN PORT RESULTS: one identity provider and the application, as an administrator and a member see them.

The identity provider runs in RUN at PORT, with the application's metadata by URL. A line a case goes to RESULTS.
"""

import html
import http.cookiejar
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

KIT, IDP, BASE, RUN, PORT, RESULTS = sys.argv[1:]
sys.path.insert(0, KIT)
import saml

TRIPS = os.path.join(os.path.dirname(__file__), "../../../tests/interop")
METADATA = BASE + "/saml/metadata/globex/"
ALICE, NAME = "alice@example.com", "Ünïcode <&> O'Neil"
URLS = saml.urls(RUN)


class Refused(Exception):
    """The identity provider, or a page of the application, has no way on."""


class Answer:
    def __init__(self, url, status, location, body):
        self.url, self.status, self.location, self.body = url, status, location, body
        self.text = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())

    def form(self, ending):
        found = [form for form in saml.Page(self.url, self.body).forms if form["action"].endswith(ending)]
        if not found:
            raise Refused(f"no form {ending} at {self.url}: {self.text[:300]}")
        return found[0]

    def outcome(self):
        """The code of a refusal, or where the browser is."""
        code = re.search(r"<code>([a-z]+\.[a-z_]+)</code>", self.body)
        return f"refused {code[1]}" if self.status == 403 and code else f"{self.status} {self.location or self.url}".replace(BASE, "")


class Browser:
    """The cookies of the application in one jar, those of the identity provider in another: a real one keeps them apart by name."""

    count = 0

    def __init__(self, account=None):
        Browser.count += 1
        self.idp_jar, self.passwords = f"{RUN}/cookies-{Browser.count}", 0
        # A browser takes http://127.0.0.1 for secure.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(policy))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), saml.NoRedirect(), cookies)
        if account:
            self.submit(self.go("/"), "/sign-in", email=account)

    def ask(self, url, fields=None, origin=BASE):
        url = urllib.parse.urljoin(BASE, url)
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        try:
            reply = self.opener.open(urllib.request.Request(url, data, {"Origin": origin} if data is not None else {}), timeout=30)
        except urllib.error.HTTPError as error:
            reply = error
        return Answer(url, reply.status, reply.headers.get("Location"), reply.read().decode())

    def go(self, url, fields=None, origin=BASE):
        """Follows redirects as long as they stay at the application."""
        answer = self.ask(url, fields, origin)
        while answer.location and urllib.parse.urljoin(BASE, answer.location).startswith(BASE + "/"):
            answer = self.ask(answer.location)
        return answer

    def submit(self, page, ending, **values):
        form = page.form(ending)
        return self.go(form["action"], {**form["fields"], **values})

    def trip(self, script, answer):
        """What the application sends to the identity provider, there; what comes back, as fields."""
        with open(f"{RUN}/page.html", "w") as page, open(f"{RUN}/start", "w") as start:
            page.write(answer.body)
            start.write(f"redirect={answer.location}" if answer.location else f"page={RUN}/page.html")
        if not answer.location and "<form" not in answer.body:
            raise Refused(answer.outcome() + " " + answer.text[:300])
        return lines([f"{TRIPS}/{script}", KIT, f"{RUN}/start", self.idp_jar])

    def log_in(self, answer):
        """To the identity provider and back to its form, which is not sent yet."""
        form = self.trip("browser.py", answer)
        self.passwords = int(form.pop("passwords"))
        return form

    def bring(self, form, acs=None):
        """Sends the form, or what a redirect brings, to the application."""
        origin = URLS["metadata"].split("/", 3)[2]
        if "redirect" in form:
            return self.go(form["redirect"])
        fields = {name: value for name, value in form.items() if name.startswith("SAML") or name == "RelayState"}
        return self.go(acs or form["action"], fields, "http://" + origin)

    def start(self):
        page = self.go("/org/globex/login")
        link = re.search(r'href="(/org/globex/sso/[^"]*)"', page.body)
        if not link:
            raise Refused("no single sign-on: " + page.text[:200])
        return self.go(link[1])

    def sign_in(self):
        return self.bring(self.log_in(self.start()))

    def is_in(self):
        page = self.go("/org/globex")
        return f"You are {ALICE}" in page.text and "role here is member" in page.text


def lines(command):
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    if done.returncode:
        raise Refused("IdP: " + (done.stderr.strip().splitlines() or ["no answer"])[-1])
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def judge(label, good, outcome):
    print(f"{'ok     ' if good else 'FAILED '} {IDP}: {label}: {outcome[:200 if good else 2000]}", flush=True)
    with open(RESULTS, "a") as results:
        results.write(f"{label}\t{IDP}\t{'' if good else 'FAILED '}{outcome.split('; ')[0].removeprefix('refused ')[:32]}\n")


def signed_in(label, browser, answer, passwords=None):
    good = browser.is_in() and passwords in (None, browser.passwords)
    judge(label, good, "signed in" + f"; passwords {browser.passwords}" if good else f"{answer.outcome()}; passwords {browser.passwords}; {answer.text[:900]}")


def refused(label, answer, code):
    """`code` is the whole one, or its family with a dot at the end."""
    outcome = answer.outcome()
    judge(label, outcome == f"refused {code}" or code.endswith(".") and outcome.startswith(f"refused {code}"), outcome)


def flow(part):
    """What has no way on fails its flow, not those after it."""
    try:
        return part()
    except (Refused, OSError) as error:
        judge(part.__name__.replace("_", " "), False, str(error))


def idp_initiated(browser):
    return lines([f"{KIT}/saml.py", "login", URLS["idp_initiated"], browser.idp_jar])


def stop():
    subprocess.run([f"{KIT}/{IDP}/stop.sh", RUN], check=True)


def start(metadata=METADATA):
    subprocess.run([f"{KIT}/{IDP}/start.sh", RUN, metadata, PORT], check=True)


def restart(metadata=METADATA):
    stop()
    start(metadata)


def variant(**values):
    with open(f"{RUN}/variant.json") as file:
        old = json.load(file)
    with open(f"{RUN}/variant.json", "w") as file:
        json.dump({**old, **values}, file)
    if IDP == "lemonldap-ng":  # reads it once
        restart()


def settings(browser):
    return browser.go("/org/globex/settings")


def test_login():
    page = settings(owner)
    return owner.bring(owner.log_in(owner.submit(page, f"/{connection}/test")))


def registered():
    page = owner.submit(settings(owner), "/register/url", url=URLS["metadata"])
    found = re.findall(r"/org/globex/settings/([^/\"]+)/test", page.body)
    entity = saml.ET.parse(f"{RUN}/idp-metadata.xml").getroot().get("entityID")
    good = len(found) == 1 and entity in page.text and "Draft" in page.text and "here only" not in page.text
    judge("registered by the URL of its metadata", good, "a draft" if good else page.text[:900])
    before = Browser().go("/org/globex/login")
    judge("nobody signs in through a draft", "no single sign-on for this organization yet" in before.text, "not offered")
    return found[0]


def tested():
    page = test_login()
    good = "The test login worked: the connection is active" in page.text and "Link your account?" in page.text
    judge("test login activates, and offers a link", good, "active" if good else page.outcome() + page.text[:900])
    preview = settings(owner).text.split("Preview with the test login")[-1]
    good = all(f"{name} {value}" in preview for name, value in [("E-mail address", ALICE), ("First name", "Alice"), ("Last name", NAME)])
    judge("preview of its attributes", good, "as sent" if good else preview[:900])


def login_from_here():
    member = Browser()
    signed_in("login from here, a new member", member, member.sign_in(), 1)
    table = settings(owner).text
    judge("the owner sees the member", f"{ALICE} member linked, used" in table, "linked")
    signed_in("again, with a session there", member, member.sign_in(), 0)


def replayed_and_changed():
    member = Browser()
    form = member.log_in(member.start())
    judge("the answer is for this organization", form["action"] == f"{BASE}/saml/acs/globex/", form["action"].replace(BASE, ""))
    signed_in("a response for the first time", member, member.bring(form))
    refused("the same response again", member.bring(form), "flow.request_consumed")
    member = Browser()
    form = member.log_in(member.start())
    thief = Browser()
    refused("the response in another browser", thief.bring(form), "flow.browser_mismatch")
    octets = saml.base64.b64decode(form["SAMLResponse"]).replace(ALICE.encode(), b"greta@globex.example")
    refused("a response with another name in it", member.bring({**form, "SAMLResponse": saml.base64.b64encode(octets).decode()}), "dsig.")


def another_organization():
    olivia = Browser("olivia@acme.example")
    page = olivia.submit(olivia.go("/org/acme/settings"), "/settings/register/url", url=URLS["metadata"])
    judge("another organization registers the same", "Registered as a draft" in page.text, "a draft" if "Registered" in page.text else page.text[:500])
    member = Browser()
    form = member.log_in(member.start())
    refused("the response at another organization", member.bring(form, f"{BASE}/saml/acs/acme/"), "flow.connection_mismatch")
    signed_in("and then at its own", member, member.bring(form))
    own = next(one for one in re.findall(r"/org/acme/settings/([^/\"]+)/test", page.body) if one != "acme-demo")
    restart(METADATA.replace("globex", "acme"))
    try:
        page = olivia.bring(olivia.log_in(olivia.submit(page, f"/{own}/test")))
    finally:
        restart()
    judge("active there too", "The test login worked" in page.text, "active" if "worked" in page.text else page.text[:900])
    olivia.submit(olivia.go("/org/acme/settings"), f"/{own}/users", joining="just-in-time", unsolicited="accept")
    refused("unasked, at another organization", member.bring(idp_initiated(member), f"{BASE}/saml/acs/acme/"), "profile.")
    judge("and nobody is signed in there", "Welcome" not in member.go("/org/acme").text, "not signed in")


def login_from_there():
    member = Browser()
    refused("login from there, not allowed", member.bring(idp_initiated(member)), "profile.unsolicited")
    owner.submit(settings(owner), f"/{connection}/users", joining="just-in-time", unsolicited="accept")
    form = idp_initiated(member)
    answer = member.bring(form)
    judge("login from there, RelayState", answer.url == BASE + "/deep/link", answer.url.replace(BASE, ""))
    signed_in("login from there, allowed", member, answer)
    refused("the same response again, unasked", member.bring(form), "flow.replay")
    owner.submit(settings(owner), f"/{connection}/users", joining="just-in-time", unsolicited="convert")
    member.go("/sign-out", {})
    began = member.bring(idp_initiated(member))
    signed_in("login from there, begun again from here", member, member.bring(member.log_in(began)), 0)
    owner.submit(settings(owner), f"/{connection}/users", joining="just-in-time", unsolicited="refuse")


def encrypted():
    variant(encrypt=True)
    member = Browser()
    form = member.log_in(member.start())
    method = re.search(rb'EncryptedAssertion.*?EncryptionMethod Algorithm="[^"]*#([^"]*)"', saml.base64.b64decode(form["SAMLResponse"]), re.S)
    judge("it encrypts for the key in our metadata", method is not None, method[1].decode() if method else "not encrypted")
    answer = member.bring(form)
    if IDP == "pysaml2":  # Triple DES is all it does
        refused("encrypted assertion", answer, "enc.algorithm")
    else:
        signed_in("encrypted assertion", member, answer)
    variant(encrypt=False)


def logout_from_here():
    member = Browser()
    member.sign_in()
    answer = member.bring(member.trip("logout.py", member.submit(member.go("/org/globex"), "/org/globex/logout")))
    good = "You are signed out, here and at your identity provider" in answer.text and not member.is_in()
    judge("logout from here", good, "signed out" if good else answer.outcome() + answer.text[:900])
    if IDP != "pysaml2":  # its application here keeps its own session
        signed_in("and gone there: a password again", member, member.sign_in(), 1)


def logout_from_there():
    for binding in ["redirect"] if IDP == "pysaml2" else ["redirect", "post"]:
        variant(slo=binding)
        member, other = Browser(), Browser()
        member.sign_in(), other.sign_in()
        asked = lines([f"{KIT}/saml.py", "logout", RUN, member.idp_jar])
        judge(f"logout from there over {binding}: it asks", ("redirect" in asked) == (binding == "redirect"), "asks")
        answered = member.bring(asked)
        back = member.trip("logout.py", answered)
        good = not member.is_in() and other.is_in()
        judge(f"logout from there over {binding}", good, "signed out" if good else f"{answered.outcome()}; {back}")
        refused(f"the same request again, {binding}", member.bring(asked), "slo.replay")
        signed_in(f"and gone there after {binding}: a password again", member, member.sign_in(), 1)
    variant(slo="redirect")


def metadata_page(action=None, **values):
    page = owner.go(f"/org/globex/settings/{connection}/metadata")
    return owner.submit(page, f"/metadata/{action}", **values) if action else page


def announced_key():
    """SimpleSAMLphp's own way: the next key is published beside the present one, and takes over later."""
    hosted = f"{RUN}/metadata/saml20-idp-hosted.php"
    with open(hosted) as file:
        old = file.read()
    make_key("next")
    write(hosted, old.replace("'auth' =>", "'new_privatekey' => 'next.key', 'new_certificate' => 'next.crt', 'auth' =>"))
    published({"idp", "next"})
    told = metadata_page("refresh")
    judge("a next key beside the present one", "In use from now on" in told.text, "adopted" if "In use" in told.text else told.text[:600])
    member = Browser()
    signed_in("login with the present key", member, member.sign_in())
    write(hosted, old.replace("'idp.key'", "'next.key'").replace("'idp.crt'", "'next.crt'"))
    published({"next"})
    member = Browser()
    signed_in("login with the next key, before it is alone there", member, member.sign_in())
    told = metadata_page("refresh")
    judge("the old key is gone from the metadata", "In use from now on" in told.text, "adopted" if "In use" in told.text else told.text[:600])
    member = Browser()
    signed_in("login with the next key", member, member.sign_in())


def another_key():
    """No key goes on: what an attacker at the metadata's URL would do, too."""
    os.remove(f"{RUN}/idp.key"), os.remove(f"{RUN}/idp.crt")
    stop()
    told = metadata_page("refresh")
    judge("its metadata can't be had", "What is known is used on" in told.text, "kept" if "used on" in told.text else told.text[:600])
    start()
    member = Browser()
    refused("its key is another one, which we do not know", member.sign_in(), "dsig.")
    told = metadata_page("refresh")
    judge("the other key waits for the owner", "It waits for you" in told.text, "held" if "waits for you" in told.text else told.text[:600])
    refused("held, it is not believed", member.sign_in(), "dsig.")
    page = owner.submit(metadata_page(), "/metadata/approve")
    judge("approved by the owner", "The change is in use" in page.text, "approved" if "is in use" in page.text else page.text[:600])
    judge("it is a draft again", "no single sign-on" in Browser().go("/org/globex/login").text, "not offered")
    refused("tested as a user who is somebody else here", test_login(), "provisioning.belongs_to_another")
    owner.submit(settings(owner), f"/{connection}/unlink")
    page = test_login()
    judge("unlinked, and tested once more", "The test login worked" in page.text, "active" if "worked" in page.text else page.text[:600])
    linked_again()


def linked_again():
    """The account of the member is there, its link is not; its address was never proven, so there is no mail."""
    member = Browser()
    page = member.sign_in()
    good = "One more step" in page.text and not member.is_in() and ALICE not in member.go("/outbox").text
    judge("its member signs in: the account is to be proven", good, "asked to" if good else page.outcome() + page.text[:600])
    member = Browser(ALICE)
    page = member.submit(member.sign_in(), "/org/globex/link")
    judge("proven by signing in to it", "Your account is linked" in page.text, "linked" if "is linked" in page.text else page.outcome() + page.text[:600])
    member = Browser()
    signed_in("login with the other key", member, member.sign_in(), 1)


def published(names):
    """Waits until these certificates are in the metadata: PHP keeps programs for a while."""
    def octets(name):
        with open(f"{RUN}/{name}.crt") as file:
            return "".join(line.strip() for line in file if "---" not in line)
    deadline = time.monotonic() + 20
    while True:
        now = "".join(Browser().ask(URLS["metadata"]).body.split())
        if names == {name for name in ["idp", "next"] if octets(name) in now}:
            return
        if time.monotonic() > deadline:
            raise Refused("its metadata has not changed")
        time.sleep(0.1)


def make_key(name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", f"{RUN}/{name}.key", "-out", f"{RUN}/{name}.crt"], check=True, stderr=subprocess.DEVNULL)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


owner = Browser("greta@globex.example")
connection = flow(registered)
parts = [tested, login_from_here, replayed_and_changed, logout_from_here, another_organization, login_from_there, encrypted, logout_from_there]
parts += [announced_key] * (IDP == "simplesamlphp") + [another_key]
for part in parts if connection else []:
    flow(part)
