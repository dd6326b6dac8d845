"""browser.py KIT START COOKIES: takes a started login to the identity provider, as a browser would, and logs alice in.

START is what `interop start` printed (redirect=URL or page=FILE). Prints action=, SAMLResponse=, RelayState= and
passwords=N, how often a password was asked for; or why the identity provider did not answer, with exit status 1.
"""
import os, sys

kit, start, cookies = sys.argv[1:]
sys.dont_write_bytecode = True
sys.path.insert(0, kit)
import saml

kind, where = open(start).read().strip().split("=", 1)
if kind == "page":
    form = saml.Page("http://sp.example/", open(where, encoding="utf-8").read()).forms[0]
    where, fields = form["action"], form["fields"]
else:
    fields = None
browser, passwords = saml.Browser(where, cookies), 0
url, page = browser.open(where, fields)
for _ in range(5):
    if page is None:
        sys.exit("sent away to " + url)
    form = page.message()
    if form and "SAMLResponse" in form["fields"]:
        saml.show(form)
        sys.exit(print(f"passwords={passwords}"))
    form = next((f for f in page.forms if f["password"] and f["user"]), None)
    if form:
        if passwords == 2:
            sys.exit("asks for the password again and again")
        passwords += 1
        url, page = browser.open(form["action"], {**form["fields"], form["user"]: "alice", form["password"]: "alicepw"})
    elif page.forms:
        url, page = browser.open(page.forms[0]["action"], page.forms[0]["fields"])
    else:
        break
sys.exit("no answer: " + page.text)
