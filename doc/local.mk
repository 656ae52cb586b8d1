# manuals and what developers read
dist_man1_MANS += %D%/chat.1
dist_man8_MANS += %D%/chatd.8 %D%/chatctl.8
dist_man5_MANS += %D%/chatd.conf.5
dist_doc_DATA += %D%/architecture.md %D%/control.md %D%/protocol.md
