"""The words of the screens in other languages, and the words by which a bank calls itself.

The Chinese sentence is the msgid; `en/LC_MESSAGES/django.po` translates it. What gettext reads is made from that file when
the program starts (`catalogues.py`), also for each word pack (`packs.py`).
"""
