"""Nothing of signing in stands in Django's admin: the portal's own pages audit what they change."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin

admin.site.unregister([Authenticator, SocialAccount, SocialApp, SocialToken])
