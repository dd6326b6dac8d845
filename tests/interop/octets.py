"""octets.py URL DIR: takes a signed redirect apart. DIR gets octets (what is signed), signature and message.xml; prints SigAlg.

ECDSA travels as two numbers of equal length; the openssl program wants them in DER.
"""
import base64, sys, urllib.parse, zlib

url, directory = sys.argv[1:]
query = url.split("?", 1)[1]
raw = dict(part.split("=", 1) for part in query.split("&"))
algorithm = urllib.parse.unquote(raw["SigAlg"])
signature = base64.b64decode(urllib.parse.unquote(raw["Signature"]), validate=True)
message = base64.b64decode(urllib.parse.unquote(raw.get("SAMLRequest") or raw["SAMLResponse"]), validate=True)


def number(octets):
    octets = octets.lstrip(b"\0")
    octets = (b"\0" if octets[:1] >= b"\x80" else b"") + octets
    return bytes([2, len(octets)]) + octets


if "ecdsa" in algorithm:
    half = len(signature) // 2
    body = number(signature[:half]) + number(signature[half:])
    signature = b"\x30" + (b"\x81" if len(body) > 127 else b"") + bytes([len(body)]) + body

for name, octets in (("octets", query.split("&Signature=")[0].encode()), ("signature", signature), ("message.xml", zlib.decompress(message, -15))):
    with open(f"{directory}/{name}", "wb") as file:
        file.write(octets)
print(algorithm)
