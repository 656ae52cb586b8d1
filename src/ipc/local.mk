# the contract between processes
noinst_LIBRARIES += %D%/libipc.a
%C%_libipc_a_CFLAGS = $(AM_CFLAGS) $(UTF8PROC_CFLAGS)
%C%_libipc_a_SOURCES = \
	%D%/board.c %D%/board.h %D%/counters.def \
	%D%/credential.c %D%/credential.h \
	%D%/ctl.c %D%/ctl_show.c %D%/ctl.h %D%/ctl_cmds.def \
	%D%/file.c %D%/file.h \
	%D%/handed.c %D%/handed.h \
	%D%/ipc.c %D%/ipc.h %D%/msgs.def %D%/chat_err.def %D%/irc_caps.def \
	%D%/killpoint.c %D%/killpoint.h \
	%D%/landlock.c %D%/landlock.h \
	%D%/maskform.c %D%/maskform.h \
	%D%/metrics.c %D%/metrics.h \
	%D%/options.c %D%/options.h %D%/options.def \
	%D%/proc.c %D%/proc.h \
	%D%/proxied.c %D%/proxied.h \
	%D%/pwhash.c %D%/pwhash.h \
	%D%/store.c %D%/store.h \
	%D%/sandbox.c %D%/sandbox.h %D%/sandbox_priv.h \
	%D%/sandbox_filter.c %D%/sandbox_try.c %D%/sandbox_calls.def \
	%D%/sublink.c %D%/sublink.h
