# SPDX-License-Identifier: MIT
"""Parse, XPath, XSLT, schemas, a compressed file; libxml2 and libz are linked in."""
import os
import tempfile

from lxml import etree, html, objectify

print(etree.LXML_VERSION, etree.LIBXML_VERSION, etree.LIBXSLT_VERSION)
root = etree.fromstring("<a><b n='1'>one</b><b n='2'>two</b><!-- c --></a>")
print(root.xpath("string(//b[@n=2])"), root.xpath("count(//b)"))
print(etree.tostring(root, method="c14n").decode())
style = etree.XSLT(etree.fromstring(
    "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>"
    "<xsl:template match='/'><r><xsl:value-of select='sum(//b/@n)'/></r></xsl:template>"
    "</xsl:stylesheet>"))
print(str(style(root)).strip())
schema = etree.RelaxNG(etree.fromstring(
    "<element name='a' xmlns='http://relaxng.org/ns/structure/1.0'><text/></element>"))
print("valid", schema.validate(root), schema.validate(etree.XML("<a>t</a>")))
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "a.xml.gz")
    etree.ElementTree(root).write(path, compression=9)
    with open(path, "rb") as file:
        print("gzip", file.read(2).hex())
    print("again", etree.tostring(etree.parse(path)) == etree.tostring(root))
try:
    etree.fromstring("<a><b></a>")
except etree.XMLSyntaxError as error:
    print("error", error)
try:
    etree.parse("/nonexistent/file.xml")
except OSError as error:
    print("error", type(error).__name__)
print(html.fromstring("<p>x<br>y").text_content())
print(objectify.fromstring("<a><b>7</b></a>").b + 1)
