# chatd-web: HTTP
if HAVE_WEB
roles_PROGRAMS += %D%/chatd-web
%C%_chatd_web_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS) $(CRYPTO_CFLAGS)
%C%_chatd_web_SOURCES = \
	%D%/http.c \
	%D%/main.c \
	%D%/upgrade.c \
	%D%/web.h
%C%_chatd_web_LDADD = src/ipc/libipc.a src/lib/liblib.a $(MICROHTTPD_LIBS) $(CRYPTO_LIBS) $(UTF8PROC_LIBS) $(LIBCONFIG_LIBS)
endif
