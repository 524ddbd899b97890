"""The WSGI entry point, for the built-in server and for any other."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wenming.config.settings")
application = get_wsgi_application()
