"""A SAML identity provider for the tests: pysaml2 speaks, the xmlsec wheel signs (pysaml2 itself
would call a program that no wheel brings).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import lxml.etree
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

ENTITY = "https://idp.acme.example/metadata"
SIGN_ON = "https://idp.acme.example/sso"


class WheelCrypto:
    """Signs what pysaml2 hands over."""

    def sign_statement(
        self, statement: Any, node_name: str, key_file: str, node_id: str, *_: Any, **__: Any
    ) -> str:
        text = statement if isinstance(statement, bytes) else str(statement).encode()
        root = lxml.etree.fromstring(text)
        name = node_name.rpartition(":")[2]
        node = next(
            one
            for one in root.iter()
            if lxml.etree.QName(one).localname == name and one.get("ID") == node_id
        )
        xmlsec.tree.add_ids(root, ["ID"])
        signature = xmlsec.tree.find_child(node, xmlsec.constants.NodeSignature)
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(key_file, xmlsec.constants.KeyDataFormatPem)
        context.sign(signature)
        return str(lxml.etree.tostring(root, encoding="unicode"))


class SamlIdp:
    """One provider with a key of its own, and whoever it is told to vouch for."""

    def __init__(self, folder: Path) -> None:
        self.key_file, self.cert_file = folder / "key.pem", folder / "cert.pem"
        make_certificate(self.key_file, self.cert_file)
        # pysaml2 asks the program which algorithms there are, and nothing else of it here.
        self.program = folder / "xmlsec1"
        self.program.write_text('#!/bin/sh\necho known:\necho \'"sha256","rsa-sha256"\'\n')
        self.program.chmod(0o700)

    def server(self, sp_metadata: str = "") -> Server:
        settings: dict[str, Any] = {
            "entityid": ENTITY,
            "xmlsec_binary": str(self.program),
            "key_file": str(self.key_file),
            "cert_file": str(self.cert_file),
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(SIGN_ON, BINDING_HTTP_REDIRECT)]},
                    "sign_response": False,
                    "sign_assertion": True,
                    "policy": {
                        "default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}
                    },
                }
            },
        }
        if sp_metadata:
            settings["metadata"] = {"inline": [sp_metadata]}
        made = Server(config=IdPConfig().load(settings))
        made.sec.crypto = WheelCrypto()
        return made

    def metadata(self) -> str:
        return str(entity_descriptor(self.server().config))

    def answer(
        self,
        redirect: str,
        sp_metadata: str,
        subject: str,
        attributes: Mapping[str, list[str]],
        *,
        sign_alg: str = SIG_RSA_SHA256,
    ) -> str:
        """Read the portal's request as it stands in a redirect; return the signed answer, as a
        browser would post it.
        """
        server = self.server(sp_metadata)
        asked = parse_qs(urlsplit(redirect).query)["SAMLRequest"][0]
        request = server.parse_authn_request(asked, BINDING_HTTP_REDIRECT)
        where = server.response_args(request.message, [BINDING_HTTP_POST])
        answer = server.create_authn_response(
            identity=dict(attributes),
            userid=subject,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=subject),
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"},
            sign_assertion=True,
            sign_response=False,
            sign_alg=sign_alg,
            digest_alg=DIGEST_SHA256,
            **{key: where[key] for key in ("in_response_to", "destination", "sp_entity_id")},
        )
        return base64.b64encode(str(answer).encode()).decode()


def make_certificate(key_file: Path, cert_file: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.acme.example")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    key_file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    cert_file.write_bytes(certificate.public_bytes(Encoding.PEM))
