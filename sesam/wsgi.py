"""Where a web server (gunicorn) finds the portal."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sesam.settings")
os.environ.setdefault("SERVING", "1")

from django.core.wsgi import get_wsgi_application

from sesam.roomy import roomy

application = roomy(get_wsgi_application())

from sesam.checks import refuse_unsafe_start  # noqa: E402  needs the apps

refuse_unsafe_start()
