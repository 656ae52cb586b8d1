# the master; its reading of chatd.conf apart, for the tests
noinst_LIBRARIES += %D%/libsettings.a
%C%_libsettings_a_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
%C%_libsettings_a_SOURCES = \
	%D%/settings.c %D%/settings.h %D%/settings_priv.h \
	%D%/settings_irc.c \
	%D%/settings_listen.c \
	%D%/settings_show.c \
	%D%/settings_tls.c \
	%D%/settings_web.c

sbin_PROGRAMS += %D%/chatd
%C%_chatd_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
%C%_chatd_SOURCES = \
	%D%/accept.c %D%/accept.h \
	%D%/address.c %D%/address.h %D%/admins.c %D%/admins.h %D%/ctl_sandbox.c %D%/ctl_sandbox.h %D%/hosts.c %D%/hosts.h %D%/admit.c %D%/admit.h \
	%D%/chan.c %D%/chan.h \
	%D%/child.c %D%/child.h %D%/child_priv.h \
	%D%/child_death.c \
	%D%/child_talk.c \
	%D%/certs.c %D%/certs.h \
	%D%/check.c %D%/check.h \
	%D%/ctl.c %D%/ctl.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/handover.c %D%/handover.h \
	%D%/bind.c %D%/bind.h %D%/listen.c %D%/listen.h %D%/listen_url.c \
	%D%/main.c %D%/master.h \
	%D%/refused.c %D%/refused.h \
	%D%/reload.c %D%/reload.h \
	%D%/resolve.c %D%/resolve.h \
	%D%/rundir.c %D%/rundir.h \
	%D%/shm.c %D%/shm.h \
	%D%/sockaddr.c %D%/sockaddr.h \
	%D%/wire.c %D%/wire.h
%C%_chatd_LDADD = %D%/libsettings.a src/registry/libregistry_write.a src/registry/libregistry.a src/ipc/libipc.a src/lib/liblib.a \
	$(LIBCONFIG_LIBS) $(UTF8PROC_LIBS)
