# CONTEXT {'guest_os': 'UBUNTU'}
# For models that need nothing but a shell; several cards share it.
ARG BASE_DOCKER=madengine-base:busybox
FROM $BASE_DOCKER
RUN mkdir -p /opt/shell
