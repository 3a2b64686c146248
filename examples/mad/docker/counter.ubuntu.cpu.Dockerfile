# CONTEXT {'guest_os': 'UBUNTU'}
# What the models of scripts/counter need: a text to count.
ARG BASE_DOCKER=madengine-base:busybox
FROM $BASE_DOCKER
RUN mkdir -p /opt/counter && awk 'BEGIN { for (i = 0; i < 20000; i++) print "line", i, "of the text" }' > /opt/counter/text
