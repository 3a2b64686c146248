# CONTEXT {'guest_os': 'UBUNTU'}
# What stream/copy needs: nothing but a shell, dd and awk.
ARG BASE_DOCKER=madengine-base:busybox
FROM $BASE_DOCKER
RUN mkdir -p /opt/stream && dd --help > /opt/stream/dd.txt 2>&1
