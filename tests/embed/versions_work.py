# SPDX-License-Identifier: MIT
"""A line a package: what its library says of itself. (The version that lxml tells is the one
it was linked with, whoever's libxml2 it calls: that shows in what it was built with.)"""


def lxml():
    from lxml import etree
    return etree.LIBXML_VERSION, "icu" in etree.LIBXML_FEATURES


def pyyaml():
    import yaml
    return yaml._yaml.get_version_string()


def xmlsec():
    import xmlsec
    return xmlsec.get_libxml_version(), xmlsec.get_libxmlsec_version()


def cryptography():
    from cryptography.hazmat.backends.openssl import backend
    return backend.openssl_version_text()


for package in lxml, pyyaml, xmlsec, cryptography:
    try:
        print(package.__name__, package())
    except Exception as error:
        print(package.__name__, *error.args[-1:])
