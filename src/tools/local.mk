# chatctl
bin_PROGRAMS += %D%/chatctl
%C%_chatctl_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS) $(NCURSES_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS)
%C%_chatctl_SOURCES = \
	%D%/chat.c \
	%D%/chatctl.c \
	%D%/client.c %D%/client.h \
	%D%/mkpasswd.c \
	%D%/password.c \
	%D%/tools.h \
	%D%/top.c
%C%_chatctl_LDADD = src/ipc/libipc.a src/lib/liblib.a $(NCURSES_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(LIBCONFIG_LIBS) $(UTF8PROC_LIBS)
