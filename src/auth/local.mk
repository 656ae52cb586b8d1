# chatd-auth: checks passwords
if HAVE_SODIUM
roles_PROGRAMS += %D%/chatd-auth
%C%_chatd_auth_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
%C%_chatd_auth_SOURCES = %D%/main.c
%C%_chatd_auth_LDADD = src/ipc/libipc.a src/lib/liblib.a $(SODIUM_LIBS) $(UTF8PROC_LIBS) $(LIBCONFIG_LIBS)
endif
