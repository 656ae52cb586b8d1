# chatd-tls: TLS, and what is inside of it goes on
if HAVE_OPENSSL
roles_PROGRAMS += %D%/chatd-tls
%C%_chatd_tls_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
%C%_chatd_tls_SOURCES = \
	%D%/certs.c %D%/certs.h \
	%D%/ctx.c %D%/ctx.h \
	%D%/hello.c \
	%D%/link.h \
	%D%/main.c \
	%D%/pending.c %D%/pending.h \
	%D%/relay.c \
	%D%/tickets.c %D%/tickets.h
%C%_chatd_tls_LDADD = src/ipc/libipc.a src/lib/liblib.a $(OPENSSL_LIBS) $(UTF8PROC_LIBS) $(LIBCONFIG_LIBS)
endif
