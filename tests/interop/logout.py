"""logout.py KIT START COOKIES: takes our logout request, or our answer to one, to the identity provider, as a browser would.

START is what `interop logout` or `interop arrive` printed last (redirect=URL or page=FILE). Prints what comes back to
the single logout service, redirect=URL or the fields of a form; or ends=URL if the browser stays there.
"""
import sys

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
url, page = saml.Browser(where, cookies).open(where, fields)
if page is None:
    print("redirect=" + url if "SAMLResponse=" in url or "SAMLRequest=" in url else "ends=" + url)
elif page.message():
    saml.show(page.message())
else:
    print("ends=" + url)
