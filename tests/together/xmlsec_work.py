# SPDX-License-Identifier: MIT
"""lxml parses and xmlsec signs: each hands the other nodes of libxml2's.

Its arguments are the names of the two, in the order in which they are imported."""
import hashlib
import importlib
import subprocess
import sys

for name in sys.argv[1:]:
    importlib.import_module(name)
import xmlsec
from lxml import etree

DOCUMENT = (b'<order xmlns="urn:shop" number="1"><item>tea</item>'
            b'<price cur="EUR">3.50</price></order>')
RECEIPT = b"""<xsl:stylesheet version="1.0" xmlns:s="urn:shop"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">
    <receipt><xsl:value-of select="concat(s:order/s:item, ' ', s:order/s:price)"/></receipt>
    </xsl:template></xsl:stylesheet>"""
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"


def make_key():
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout


def sign(root, pem):
    node = xmlsec.template.create(root, xmlsec.constants.TransformExclC14N,
                                  xmlsec.constants.TransformRsaSha256, ns="ds")
    root.append(node)
    reference = xmlsec.template.add_reference(node, xmlsec.constants.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    xmlsec.template.add_key_value(xmlsec.template.ensure_key_info(node))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(node)


def is_signed(text, pem):
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    try:
        context.verify(xmlsec.tree.find_node(etree.fromstring(text),
                                             xmlsec.constants.NodeSignature))
    except xmlsec.Error as error:
        return type(error).__name__
    return True


def encrypt(root, session, what):
    node = xmlsec.template.encrypted_data_create(
        root, xmlsec.constants.TransformAes256Cbc, type=xmlsec.constants.TypeEncElement)
    xmlsec.template.encrypted_data_ensure_cipher_value(node)
    context = xmlsec.EncryptionContext()
    context.key = session
    if isinstance(what, bytes):
        root.append(node)
        context.encrypt_binary(node, what)
        return node
    return context.encrypt_xml(node, what)


def decrypt(data, session):
    context = xmlsec.EncryptionContext()
    context.key = session
    return context.decrypt(data)


pem = make_key()
root = etree.fromstring(DOCUMENT)
sign(root, pem)
signed = etree.tostring(root)
# The rest of the signature follows from the key, which is another each time.
print("digest", root.findtext(".//%sDigestValue" % SIGNATURE))
print("signature", len("".join(root.findtext(".//%sSignatureValue" % SIGNATURE).split())))
print("modulus", len("".join(root.findtext(".//%sModulus" % SIGNATURE, "").split())))
print("signed", is_signed(signed, pem))
print("tampered", is_signed(signed.replace(b"3.50", b"0.50"), pem))
print("another's key", is_signed(signed, make_key()))

root = etree.fromstring(DOCUMENT)
session = xmlsec.Key.generate(xmlsec.constants.KeyDataAes, 256,
                              xmlsec.constants.KeyDataTypeSession)
data = encrypt(root, session, root.find("{urn:shop}price"))
print("encrypted", [etree.QName(child).localname for child in root],
      b"3.50" in etree.tostring(root))
price = decrypt(data, session)
print("decrypted", price.text, price.get("cur"), etree.tostring(root) == DOCUMENT)
print("receipt", etree.XSLT(etree.XML(RECEIPT))(root).getroot().text)
# lxml has told libxml2 where errors go: with a libxml2 of its own, xmlsec's would go
# to standard error.
try:
    decrypt(encrypt(root, session, b"<p>broken</q>"), session)
except xmlsec.Error as error:
    print("broken", *error.args)

# Who frees what: nodes move between trees, and the trees die in either order.
total = hashlib.sha256()
for turn in range(300):
    tree = etree.fromstring(b"<a xmlns='urn:shop'><price>%d</price></a>" % turn)
    node = xmlsec.template.create(tree, xmlsec.constants.TransformExclC14N,
                                  xmlsec.constants.TransformRsaSha256)
    tree.append(node)
    other = etree.fromstring("<b/>")
    other.append(node if turn % 2 else tree)
    del tree
    total.update(etree.tostring(other, method="c14n"))
    del other, node
print("moved", total.hexdigest()[:16])
try:
    etree.fromstring(b"<a><b></a>")
except etree.XMLSyntaxError as error:
    print("malformed", error.code, error.lineno)
