# the configuration that is installed, once
EXTRA_DIST += %D%/chatd.conf.in
CLEANFILES += %D%/chatd.conf
noinst_DATA = %D%/chatd.conf

# the sample names only what this build has
sample_lacks =
if !HAVE_SODIUM
sample_lacks += -e '/^\/\/ Processes that check passwords/,/^auth/d'
endif
if !HAVE_SQLITE
sample_lacks += -e '/^\/\/ What is kept in state_dir/,/^};/d' -e '/^\/\/ What is kept of what is said/,/^};/d' \
	-e '/^\/\/ Accounts that there may be/,/^};/d' -e '/^\/\/ Files and pictures/,/^};/d'
endif

if !HAVE_WEB
sample_lacks += -e '/^\/\/ The page:/,/^};/d' -e '/^\/\/ Files and pictures/,/^};/d' \
	-e '/protocol = "web"/d' -e '/protocol = "irc"/s/ },$$/ }/'
endif
if !HAVE_OPENSSL
sample_lacks += -e '/^\/\/ TLS, for listeners/,/^};/d' -e '/tls = true; }$$/d'
endif

%D%/chatd.conf: $(srcdir)/%D%/chatd.conf.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(sample_lacks) $(srcdir)/%D%/chatd.conf.in >$@.tmp && mv $@.tmp $@

# The administrator's file is never overwritten, and removed only if it is still ours. It is
# to hold passwords, so it is not for everybody to read; the daemon's group may not exist yet,
# or not be ours to give: then tmpfiles.d sees to it.
install-data-local: %D%/chatd.conf
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)'
	test -e '$(DESTDIR)$(sysconfdir)/chatd.conf' || { \
		$(INSTALL) -m 640 %D%/chatd.conf '$(DESTDIR)$(sysconfdir)/chatd.conf' && \
		{ chgrp '$(chatd_group)' '$(DESTDIR)$(sysconfdir)/chatd.conf' 2>/dev/null || :; }; }

uninstall-local: %D%/chatd.conf
	if cmp -s %D%/chatd.conf '$(DESTDIR)$(sysconfdir)/chatd.conf'; then \
		rm -f '$(DESTDIR)$(sysconfdir)/chatd.conf'; \
	elif test -e '$(DESTDIR)$(sysconfdir)/chatd.conf'; then \
		echo "kept, because it was changed: $(DESTDIR)$(sysconfdir)/chatd.conf"; \
	fi
