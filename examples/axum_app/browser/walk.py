"""Walks through the application in a browser: registration, test login, mapping, members, links, logout, attacks."""

import html
import os
import re
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import Select, WebDriverWait

BASE, WORK = sys.argv[1:3]
SHOTS = os.environ.get("SHOTS")
PLAIN = """
const problems = [];
if (!document.documentElement.lang) problems.push("no language");
if (document.querySelectorAll("h1").length !== 1) problems.push("not one h1");
for (const field of document.querySelectorAll("input:not([type=hidden]),select,textarea"))
  if (!field.labels.length && !field.ariaLabel) problems.push("no label: " + field.name);
const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
for (const id of ids) if (ids.filter(other => other === id).length > 1) problems.push("twice: " + id);
for (const button of document.querySelectorAll("button,a")) if (!button.textContent.trim()) problems.push("empty button");
return problems;
"""
done = 0


def check(condition, what):
    global done
    if not condition:
        shot("failed")
        print(f"FAILED: {what}\nat {driver.current_url}\n{text()}")
        sys.exit(1)
    done += 1


def browser():
    options = Options()
    flags = ["headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
             "disable-component-update", "disable-sync", f"user-data-dir={WORK}/profile", "window-size=1000,900"]
    for flag in flags:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def text():
    return driver.find_element(By.TAG_NAME, "body").text


def go(path):
    driver.get(BASE + path)
    plain()


def plain():
    problems = driver.execute_script(PLAIN)
    check(not problems, f"accessible: {problems}")


def press(label, within=""):
    """Presses what shows that text, and waits for the next page."""
    found = [e for e in driver.find_elements(By.CSS_SELECTOR, f"{within} button, {within} a") if e.text.strip() == label]
    check(found, f"there is {label!r}")
    old = driver.find_element(By.TAG_NAME, "html")
    driver.execute_script("arguments[0].click()", found[0])
    WebDriverWait(driver, 20).until(lambda d: gone(old) and d.execute_script("return document.readyState") == "complete"
                                    and not d.find_elements(By.CSS_SELECTOR, "form[data-submit]"))
    plain()


def gone(element):
    try:
        element.is_enabled()
        return False
    except Exception:
        return True


def fill(name, value):
    field = driver.find_element(By.CSS_SELECTOR, f"main [name={name}]:not([type=hidden])")
    if field.tag_name == "select":
        return Select(field).select_by_value(value)
    driver.execute_script("arguments[0].value = arguments[1]", field, value)


def opened(summary):
    for details in driver.find_elements(By.CSS_SELECTOR, "details"):
        driver.execute_script("arguments[0].open = arguments[1]", details, summary in details.text)


def shows(*parts):
    for part in parts:
        check(part in text(), f"shows {part!r}")


def hides(*parts):
    for part in parts:
        check(part not in text(), f"does not show {part!r}")


def shot(name):
    if SHOTS:
        height = driver.execute_script("return document.documentElement.scrollHeight")
        driver.set_window_size(1000, min(max(height, 500), 2600) + 140)
        driver.save_screenshot(f"{SHOTS}/{name}.png")
        driver.set_window_size(1000, 900)


def at_idp(user, names="okta"):
    shows("It believes you whoever you say you are")
    fill("email", user)
    fill("names", names)
    press("Sign in", "main")


def sso(organization, user, names="okta"):
    go(f"/org/{organization}/login")
    press("Continue with single sign-on")
    at_idp(user, names)


def account(email):
    go("/")
    fill("email", email)
    press("Sign in", "main")
    shows(email)


def nobody():
    driver.delete_all_cookies()


def from_outbox():
    """Where the newest mail leads."""
    go("/outbox")
    return driver.find_element(By.LINK_TEXT, "Open the link").get_attribute("href")


# What an attacker does from elsewhere, without the victim's browser.
class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def attacker(path, fields=None):
    data = urllib.parse.urlencode(fields).encode() if fields else None
    try:
        with urllib.request.build_opener(NoRedirect).open(BASE + path, data) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.headers.get("Location") or answer.read().decode()


def minted(idp, **fields):
    page = attacker(f"/demo-idp/{idp}/sso", {"request": "", "names": "okta", **fields})
    return html.unescape(re.search(r'name="SAMLResponse" value="([^"]*)"', page).group(1))


class AttackPage(BaseHTTPRequestHandler):
    form = ("", {})

    def do_GET(self):
        action, fields = self.form
        inputs = "".join(f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in fields.items())
        body = f'<form method="post" action="{action}">{inputs}</form><script>document.forms[0].submit()</script>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def attack(path, fields):
    """The victim's browser visits a page of another site, which posts something here."""
    AttackPage.form = (BASE + path, fields)
    driver.get(f"http://localhost:{evil.server_port}/")
    WebDriverWait(driver, 20).until(lambda d: d.current_url.startswith(BASE))


def first_minute():
    go("/")
    shot("start")
    press("Sign in to Acme")
    shot("login")
    press("Continue with single sign-on")
    shot("identity-provider")
    at_idp("nina@acme.example")
    shows("Welcome to Acme", "nina@acme.example", "member")
    check(not driver.execute_script("return document.cookie"), "no cookie can be read by scripts")
    for cookie in driver.get_cookies():
        check(cookie["secure"] and cookie["httpOnly"] and cookie["name"].startswith("__Host-"), f"{cookie['name']} is protected")
    shot("member")
    press("Sign out here")
    sso("acme", "nina@acme.example")
    shows("Welcome to Acme", "nina@acme.example")


def both_ways_out():
    press("Sign out everywhere")
    shows("You are signed out, here and at your identity provider")
    go("/org/acme")
    shows("Sign in to Acme")
    go("/demo-idp/acme/portal")
    shot("portal")
    fill("email", "nina@acme.example")
    press("Sign in", "main")
    shows("Welcome to Acme", "nina@acme.example")
    go("/demo-idp/acme/portal")
    press("Send a logout request")
    shows("The application has ended the sessions")
    go("/org/acme")
    shows("Sign in to Acme")
    hides("Welcome")


def linked_by_mail():
    nobody()
    sso("acme", "alex@acme.example")
    shows("One more step", "There may be an account")
    shot("one-more-step")
    cookies = driver.get_cookies()
    link = from_outbox()
    nobody()
    driver.get(link)
    press("Continue")
    shows("This sign-in was refused", "flow.browser_mismatch")
    for cookie in cookies:
        driver.add_cookie(cookie)
    driver.get(link)
    plain()
    press("Continue")
    shows("Your account is linked")
    driver.get(link)
    press("Continue")
    shows("provisioning.link_used")
    sso("acme", "alex@acme.example")
    shows("Welcome to Acme", "alex@acme.example")
    nobody()
    sso("acme", "stranger@acme.example")
    shows("Welcome to Acme", "stranger@acme.example")


def register_and_map():
    nobody()
    go("/org/globex/settings")
    shows("Not allowed", "owner")
    account("gus@globex.example")
    go("/org/globex/settings")
    shows("Not allowed")
    account("greta@globex.example")
    go("/org/globex/settings")
    shows("For your identity provider", f"{BASE}/saml/acs/globex/" and "EntityID")
    shot("settings-empty")
    metadata = attacker("/saml/metadata/globex/")
    check(f'entityID="{BASE}/saml/metadata/globex/"' in metadata and f"{BASE}/saml/acs/globex/" in metadata, "metadata before any registration")
    opened("By metadata URL")
    fill("url", "http://10.0.0.1/metadata")
    press("Fetch and register")
    shows("That does not fit")
    go("/org/globex/settings")
    opened("By metadata URL")
    fill("url", f"{BASE}/demo-idp/globex/metadata")
    press("Fetch and register")
    shows("Registered as a draft", "Draft", f"{BASE}/demo-idp/globex/sso")
    go("/org/globex/login")
    shows("There is no single sign-on for this organization yet")


def mapping_mistake():
    go("/org/globex/settings")
    fill("preset", "okta")
    press("Use preset")
    check(driver.find_element(By.NAME, "identifier").text.strip() == "identifier", "the preset fills the form")
    press("Test login")
    at_idp("greta@globex.example", names="other")
    shows("Report for you as the administrator", "mapping.", "looked for", "arrived:", '"identifier"', 'nearest: "mail"', "remedy", "passed")
    hides("greta.example", "u-greta")
    check(driver.find_elements(By.CSS_SELECTOR, "button[data-copy]"), "the report can be copied")
    shot("mapping-mistake")
    press("See what arrived, and correct the attributes")
    shows("Draft", "Sign-ins that failed", "Preview with the test login", "identifier: MISSING")
    opened("What arrived")
    shows("uid", "u-greta", "greta@globex.example")
    press("Test login")
    at_idp("greta@globex.example")
    shows("The test login worked", "Link your account?", "greta@globex.example")
    shot("confirm")
    press("Link my account")
    shows("Your account is linked", "Active", "Preview with the test login", "u-greta", "Greta")
    fill("identifier", "nosuch")
    press("Save attributes")
    shows("identifier: MISSING", 'attribute "nosuch"')
    fill("identifier", "identifier")
    press("Save attributes")
    shows("Preview with the test login", "u-greta")
    hides('attribute "nosuch"')
    opened("What arrived")
    shot("settings")
    press("Test login")
    at_idp("greta@globex.example")
    shows("The test login worked: the connection is active")


def key_changed():
    """Metadata with a key that was never announced: its owner decides, and tests it."""
    nobody()
    account("greta@globex.example")
    go("/org/globex/settings")
    press("Metadata")
    shows("Metadata of the identity provider", f"{BASE}/demo-idp/globex/metadata")
    press("Refresh now")
    shows("Nothing has changed")
    attacker("/demo-idp/globex/key", {"new": "1"})
    press("Refresh now")
    shows("It waits for you", "A change that waits for you", "a signing key was added", "a signing key was removed")
    shot("metadata-change")
    press("Reject it")
    shows("rejected")
    press("Metadata")
    shows("A change that was rejected")
    press("Approve the change")
    shows("Draft")
    press("Test login")
    at_idp("greta@globex.example")
    shows("The test login worked: the connection is active")


def reminded():
    go("/org/globex/settings")
    shows("not linked")
    press("Remind 1 without a link")
    shows("reminded")
    link = from_outbox()
    nobody()
    driver.get(link)
    press("Continue")
    shows("provisioning.sign_in_first")
    account("gus@globex.example")
    driver.get(link)
    plain()
    shows("gus@globex.example")
    press("Continue")
    at_idp("gus@globex.example")
    shows("Link your account?", "gus@globex.example")
    press("Link my account")
    shows("Your account is linked")
    nobody()
    sso("globex", "gus@globex.example")
    shows("Welcome to Globex", "gus@globex.example")
    driver.get(link)
    press("Continue")
    shows("provisioning.link_unknown")


def other_ways_in():
    account("greta@globex.example")
    document = attacker("/demo-idp/globex/metadata")
    for way, button, fields in [
        ("By metadata XML", "Register", {"xml": '<?xml version="1.0" encoding="utf-16"?>\n' + document + "\n"}),
        ("By fields", "Register", {"entity_id": f"{BASE}/demo-idp/globex/", "sso_url": f"{BASE}/demo-idp/globex/sso",
                                   "certificate": re.search("X509Certificate>([^<]*)<", document).group(1)}),
    ]:
        go("/org/globex/settings")
        opened(way)
        form = "details[open]"
        for name, value in fields.items():
            fill(name, value)
        press(button, form)
        shows("another connection to this identity provider")
        go("/org/globex/settings")
        press("Remove")
        opened(way)
        for name, value in fields.items():
            fill(name, value)
        press(button, form)
        shows("Registered as a draft", "Draft", f"{BASE}/demo-idp/globex/sso")
        fill("preset", "okta")
        press("Use preset")
        press("Test login")
        at_idp("greta@globex.example")
        press("Link my account")
        shows("Active")
        go("/org/globex/settings")
    opened("By metadata XML")
    fill("xml", "<EntityDescriptor>")
    press("Register", "details[open]")
    shows("That does not fit", "refused")
    go("/org/globex/settings")
    opened("By fields")
    for name, value in {"entity_id": "x", "sso_url": "https://idp.example.com/sso", "certificate": "nonsense"}.items():
        fill(name, value)
    press("Register", "details[open]")
    shows("That does not fit", "certificate")


def attacked():
    nobody()
    sso("acme", "nina@acme.example")
    shows("nina@acme.example")
    # The other organization's response, at this organization's endpoint.
    attack("/saml/acs/acme/", {"SAMLResponse": minted("globex", sp="globex", email="alex@acme.example")})
    shows("This sign-in was refused", "The issuer is not the identity provider of this connection.")
    shot("refused")
    # The other organization's identity provider, for this organization's endpoint.
    attack("/saml/acs/acme/", {"SAMLResponse": minted("globex", sp="acme", email="alex@acme.example")})
    shows("This sign-in was refused", "profile.issuer")
    # The attacker's own login, in the victim's browser.
    query = urllib.parse.urlsplit(attacker("/org/acme/sso/acme-demo")).query
    attack("/saml/acs/acme/", {"SAMLResponse": minted("acme", request=query, email="mallory@acme.example")})
    shows("This sign-in was refused", "flow.browser_mismatch")
    # Twice.
    once = {"SAMLResponse": minted("acme", sp="acme", email="nina@acme.example")}
    attack("/saml/acs/acme/", once)
    shows("Welcome to Acme")
    attack("/saml/acs/acme/", once)
    shows("This sign-in was refused", "replay")
    # A subject that is linked already, asserted with somebody else's address, stays who it is.
    attack("/saml/acs/acme/", {"SAMLResponse": minted("acme", sp="acme", email="nina@other.example")})
    shows("nina@acme.example")
    go("/org/acme")
    shows("nina@acme.example")
    # Forms of another site.
    account("greta@globex.example")
    for path in ["/org/globex/settings/register/xml", "/sign-out", "/org/globex/logout"]:
        attack(path, {"xml": "x"})
        shows("This form came from another site")
    go("/org/globex/settings")
    shows("greta@globex.example", "Active")


def suspended():
    nobody()
    sso("globex", "nora@globex.example")
    shows("Welcome to Globex", "nora@globex.example")
    kept = driver.get_cookies()
    account("greta@globex.example")
    go("/org/globex/settings")
    press_of = [f for f in driver.find_elements(By.CSS_SELECTOR, "button[aria-label]") if f.get_attribute("aria-label") == "Suspend nora@globex.example"]
    check(press_of, "nora can be suspended")
    driver.execute_script("arguments[0].click()", press_of[0])
    WebDriverWait(driver, 20).until(lambda d: "suspended" in text())
    nobody()
    for cookie in kept:
        driver.add_cookie(cookie)
    go("/org/globex")
    hides("Welcome")
    sso("globex", "nora@globex.example")
    shows("This sign-in was refused", "provisioning.suspended")
    account("greta@globex.example")
    go("/org/globex/settings")
    press("Switch off")
    shows("Switched off")
    nobody()
    go("/org/globex/login")
    shows("There is no single sign-on for this organization yet")


def escaped():
    account("olivia@acme.example")
    go("/org/acme/settings")
    opened("By fields")
    evil_name = "urn:x:<script>document.title='hacked'</script>\"'"
    pem = attacker("/demo-idp/globex/metadata")
    for name, value in {"entity_id": evil_name, "sso_url": "https://idp.example.com/sso",
                        "certificate": re.search("X509Certificate>([^<]*)<", pem).group(1)}.items():
        fill(name, value)
    press("Register", "details[open]")
    shows(evil_name)
    check("hacked" not in driver.title, "an entityID is no markup")


driver = browser()
evil = HTTPServer(("localhost", 0), AttackPage)
threading.Thread(target=evil.serve_forever, daemon=True).start()
try:
    for part in [first_minute, both_ways_out, linked_by_mail, register_and_map, mapping_mistake, key_changed, reminded, other_ways_in, attacked, suspended, escaped]:
        before = done
        part()
        print(f"{part.__name__}: {done - before} checks")
    violations = [entry["message"] for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]]
    check(not violations, f"no page breaks its own policy: {violations}")
    print(f"{done} checks passed")
finally:
    driver.quit()
    evil.shutdown()
