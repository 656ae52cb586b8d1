# The page: files as they are, no build step but to pack them into chatd-web.
web_files = index.html manifest.json css/style.css img/icon.svg \
	js/caps.js js/commands.js js/conn.js js/events.js js/files.js js/filetag.js js/format.js js/history.js js/irc.js js/main.js js/model.js js/notify.js \
	js/session.js js/settings.js \
	js/ui/app.js js/ui/dialogs.js js/ui/doing.js js/ui/dom.js js/ui/input.js js/ui/log.js js/ui/login.js js/ui/menu.js js/ui/menus.js \
	js/ui/room_list.js js/ui/row.js js/ui/share.js js/ui/user_list.js js/ui/viewer.js js/ui/windows.js

EXTRA_DIST += %D%/pack \
	%D%/index.html %D%/manifest.json %D%/css/style.css %D%/img/icon.svg \
	%D%/js/caps.js %D%/js/commands.js %D%/js/conn.js %D%/js/events.js %D%/js/files.js %D%/js/filetag.js %D%/js/format.js %D%/js/history.js %D%/js/irc.js \
	%D%/js/main.js %D%/js/model.js %D%/js/notify.js %D%/js/session.js %D%/js/settings.js \
	%D%/js/ui/app.js %D%/js/ui/dialogs.js %D%/js/ui/doing.js %D%/js/ui/dom.js %D%/js/ui/input.js %D%/js/ui/log.js %D%/js/ui/login.js \
	%D%/js/ui/menu.js %D%/js/ui/menus.js %D%/js/ui/room_list.js %D%/js/ui/row.js %D%/js/ui/share.js %D%/js/ui/user_list.js %D%/js/ui/viewer.js %D%/js/ui/windows.js
