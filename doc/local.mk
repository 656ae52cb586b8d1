# manuals and what developers read
dist_man1_MANS += %D%/chat.1
dist_man8_MANS += %D%/chatd.8 %D%/chatctl.8
dist_man5_MANS += %D%/chatd.conf.5
dist_doc_DATA += %D%/architecture.md %D%/bad-input.md %D%/behaviours.md %D%/control.md %D%/protocol.md

# made by tests/browser/run --shots doc/screenshots test_looks
EXTRA_DIST += %D%/screenshots/chat-dark.png %D%/screenshots/chat-light.png %D%/screenshots/dialog-search.png \
	%D%/screenshots/dialog-settings.png %D%/screenshots/login.png %D%/screenshots/phone.png %D%/screenshots/viewer.png
