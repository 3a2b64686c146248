# CONTEXT {'guest_os': 'UBUNTU'}
# What greet needs: a file that says how it greets.
ARG BASE_DOCKER=madengine-base:busybox
FROM $BASE_DOCKER
RUN mkdir -p /opt/greet && echo 'Hello' > /opt/greet/greeting
