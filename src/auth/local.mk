# chatd-auth: checks passwords. What it computes is an archive of its own, for the tests
if HAVE_SODIUM
noinst_LIBRARIES += %D%/libauth.a
%C%_libauth_a_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
%C%_libauth_a_SOURCES = %D%/password.c %D%/password.h %D%/scram.c %D%/scram.h
roles_PROGRAMS += %D%/chatd-auth
%C%_chatd_auth_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
%C%_chatd_auth_SOURCES = %D%/main.c
auth_libs = src/auth/libauth.a src/proto/libproto.a src/ipc/libipc.a
%C%_chatd_auth_LDADD = $(auth_libs) src/lib/liblib.a $(SODIUM_LIBS) $(UTF8PROC_LIBS) $(LIBCONFIG_LIBS)
endif
