# chatd-web: HTTP
if HAVE_WEB
roles_PROGRAMS += %D%/chatd-web
%C%_chatd_web_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS) $(CRYPTO_CFLAGS)
%C%_chatd_web_SOURCES = \
	%D%/answer.c \
	%D%/assets.c %D%/assets.h \
	%D%/disk.c %D%/disk.h \
	%D%/door.c \
	%D%/download.c %D%/download.h \
	%D%/files.c %D%/files.h \
	%D%/filetype.c %D%/filetype.h \
	%D%/http.c \
	%D%/link.c %D%/link.h \
	%D%/main.c \
	%D%/metrics.c \
	%D%/upgrade.c \
	%D%/upload.c %D%/upload.h \
	%D%/upload_begin.c \
	%D%/web.h
nodist_%C%_chatd_web_SOURCES = %D%/page.c
CLEANFILES += %D%/page.c
%C%_chatd_web_LDADD = src/ipc/libipc.a src/proto/libproto.a src/lib/liblib.a $(MICROHTTPD_LIBS) $(CRYPTO_LIBS) $(MAGIC_LIBS) $(UTF8PROC_LIBS) $(LIBCONFIG_LIBS)

%D%/page.c: $(addprefix $(srcdir)/web/,$(web_files)) $(srcdir)/web/pack
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(srcdir)/web/pack $(srcdir)/web $(web_files) >$@.tmp && mv $@.tmp $@
endif
