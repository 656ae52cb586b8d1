# chat, the terminal client. What needs neither socket nor terminal is a library, for its tests.
noinst_LIBRARIES += %D%/libchat.a
%C%_libchat_a_SOURCES = \
	%D%/ask.c \
	%D%/cmd.c %D%/cmd.h %D%/cmd_priv.h \
	%D%/cmd_room.c \
	%D%/cmd_self.c \
	%D%/cmd_talk.c \
	%D%/complete.c %D%/complete.h \
	%D%/fname.c %D%/fname.h \
	%D%/marks.c \
	%D%/pend.c \
	%D%/recent.c \
	%D%/said.c \
	%D%/server.c %D%/server.h \
	%D%/session.c %D%/session.h %D%/session_priv.h \
	%D%/told.c %D%/told_priv.h \
	%D%/told_room.c \
	%D%/url.c %D%/url.h \
	%D%/wire.c %D%/wire.h \
	%D%/words.c %D%/words.h
chat_libs = %D%/libchat.a src/proto/libproto.a

bin_PROGRAMS += %D%/chat
%C%_chat_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS) $(EDITLINE_CFLAGS) $(OPENSSL_CFLAGS) $(CURL_CFLAGS) \
	$(NCURSES_CFLAGS) $(JANSSON_CFLAGS)
%C%_chat_SOURCES = \
	%D%/chatconf.c %D%/chatconf.h \
	%D%/client.c %D%/client.h \
	%D%/files.c %D%/files.h \
	%D%/full.c %D%/full.h %D%/full_draw.c %D%/full_keys.c %D%/full_priv.h \
	%D%/line.c %D%/line.h \
	%D%/link.c %D%/link.h \
	%D%/lookup.c %D%/lookup.h \
	%D%/main.c \
	%D%/say.c %D%/say.h \
	%D%/script.c %D%/script.h \
	%D%/tls.c %D%/tls.h \
	%D%/xfer.c %D%/xfer.h
%C%_chat_LDADD = $(chat_libs) src/lib/liblib.a $(EDITLINE_LIBS) $(OPENSSL_LIBS) $(CURL_LIBS) $(NCURSES_LIBS) \
	$(JANSSON_LIBS) $(LIBCONFIG_LIBS) $(UTF8PROC_LIBS)
