"""Metadata of SAML providers, and the certificates that they sign with."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from cryptography import x509
from lxml.etree import LxmlError
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from portal.lib.field_error import FieldError

WHAT_IS_WANTED = "The certificate (X.509, PEM or base64) that the provider signs with."


def checked_certificate(text: str) -> str:
    """Return a certificate as base64 in one line. Raises FieldError."""
    lines = [line.strip() for line in text.splitlines() if not line.startswith("-----")]
    packed = "".join(lines)
    try:
        x509.load_der_x509_certificate(base64.b64decode(packed, validate=True))
    except (binascii.Error, ValueError) as error:
        raise FieldError("certificate", WHAT_IS_WANTED) from error
    return packed


def read_metadata(text: str) -> dict[str, str]:
    """Return the fields of a provider that its metadata tells. Raises FieldError."""
    try:
        found: dict[str, Any] = OneLogin_Saml2_IdPMetadataParser.parse(text.strip())
    except (LxmlError, ValueError, OneLogin_Saml2_Error) as error:
        raise FieldError("metadata", "This is no XML that could be read.") from error
    idp = found.get("idp", {})
    signing = idp.get("x509certMulti", {}).get("signing", [])
    values = {
        "issuer": idp.get("entityId", ""),
        "sso_url": idp.get("singleSignOnService", {}).get("url", ""),
        "certificate": idp.get("x509cert") or next(iter(signing), ""),
    }
    if not all(values.values()):
        message = "It tells of no identity provider with a redirect address and a certificate."
        raise FieldError("metadata", message)
    return values
