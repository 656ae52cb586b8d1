# how the host's init system starts chatd, and how its shell completes chatctl
INIT_IN = %D%/chatd.service.in %D%/chatd.socket.in %D%/chatd-irc.socket.in %D%/chatd-web.socket.in %D%/chatd.init.in \
	%D%/chatd.sysusers.in %D%/chatd.tmpfiles.in %D%/chatctl.bash.in
EXTRA_DIST += $(INIT_IN)
CLEANFILES += $(systemdsystemunit_DATA) %D%/chatd.init %D%/chatd.sysusers %D%/chatd.tmpfiles \
	%D%/chatctl.bash

sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d

systemdsystemunit_DATA = %D%/chatd.service %D%/chatd.socket %D%/chatd-irc.socket
if HAVE_WEB
systemdsystemunit_DATA += %D%/chatd-web.socket
endif
noinst_DATA += %D%/chatd.init %D%/chatd.sysusers %D%/chatd.tmpfiles \
	%D%/chatctl.bash

%D%/chatd.service: $(srcdir)/%D%/chatd.service.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/chatd.service.in >$@.tmp && mv $@.tmp $@
%D%/chatd.socket: $(srcdir)/%D%/chatd.socket.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/chatd.socket.in >$@.tmp && mv $@.tmp $@
%D%/chatd-irc.socket: $(srcdir)/%D%/chatd-irc.socket.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/chatd-irc.socket.in >$@.tmp && mv $@.tmp $@
%D%/chatd-web.socket: $(srcdir)/%D%/chatd-web.socket.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/chatd-web.socket.in >$@.tmp && mv $@.tmp $@
%D%/chatd.init: $(srcdir)/%D%/chatd.init.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/chatd.init.in >$@.tmp && mv $@.tmp $@
	@chmod +x $@
%D%/chatd.sysusers: $(srcdir)/%D%/chatd.sysusers.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/chatd.sysusers.in >$@.tmp && mv $@.tmp $@
%D%/chatd.tmpfiles: $(srcdir)/%D%/chatd.tmpfiles.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/chatd.tmpfiles.in >$@.tmp && mv $@.tmp $@

%D%/chatctl.bash: $(srcdir)/%D%/chatctl.bash.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)$(SUBSTITUTE) $(srcdir)/%D%/chatctl.bash.in >$@.tmp && mv $@.tmp $@

# These are installed under names that the build tree cannot give them.
install-init: %D%/chatd.init %D%/chatd.sysusers %D%/chatd.tmpfiles \
	%D%/chatctl.bash
	$(MKDIR_P) '$(DESTDIR)$(initdir)' '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)' \
		'$(DESTDIR)$(completiondir)'
	$(INSTALL_SCRIPT) %D%/chatd.init '$(DESTDIR)$(initdir)/chatd'
	$(INSTALL_DATA) %D%/chatd.sysusers '$(DESTDIR)$(sysusersdir)/chatd.conf'
	$(INSTALL_DATA) %D%/chatd.tmpfiles '$(DESTDIR)$(tmpfilesdir)/chatd.conf'
	$(INSTALL_DATA) %D%/chatctl.bash '$(DESTDIR)$(completiondir)/chatctl'
uninstall-init:
	rm -f '$(DESTDIR)$(initdir)/chatd' '$(DESTDIR)$(sysusersdir)/chatd.conf' \
		'$(DESTDIR)$(tmpfilesdir)/chatd.conf' '$(DESTDIR)$(completiondir)/chatctl'
.PHONY: install-init uninstall-init
INSTALL_HOOKS = install-init
UNINSTALL_HOOKS = uninstall-init
