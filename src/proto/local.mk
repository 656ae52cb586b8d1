noinst_LIBRARIES += %D%/libproto.a
%C%_libproto_a_SOURCES = \
	%D%/irc.h \
	%D%/telnet.c %D%/telnet.h
