import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dockerfileBases } from './dockerfile-bases.ts';

test('the base comes from the build argument, else from its default', () => {
  const text = 'ARG BASE_DOCKER=rocm/pytorch:latest\nFROM $BASE_DOCKER\n';
  expect(dockerfileBases(text, {})).toEqual(['rocm/pytorch:latest']);
  expect(dockerfileBases(text, { BASE_DOCKER: 'ubuntu:22.04' })).toEqual(['ubuntu:22.04']);
});

test('stages, scratch and doubles are no images', () => {
  const text =
    'FROM --platform=linux/amd64 a:1 AS build\nFROM scratch\nFROM Build\nfrom a:1\nFROM b@sha256:00';
  expect(dockerfileBases(text, {})).toEqual(['a:1', 'b@sha256:00']);
});

test('defaults, quotes, comments and continuations are read as the builder reads them', () => {
  const text = [
    '# escape=\\',
    'ARG REGISTRY="r.example/x" TAG',
    '# FROM commented:1',
    'FROM \\',
    '  # a comment inside',
    '  ${REGISTRY}/img:${TAG:-7}',
    'ARG REGISTRY=later',
    'FROM ${REGISTRY}/b',
  ].join('\r\n');
  expect(dockerfileBases(text, { TAG: '' })).toEqual(['r.example/x/img:7', 'r.example/x/b']);
});

test('no text makes it fail', () => {
  const line = fc.string({
    unit: fc.constantFrom('FROM ', 'ARG ', '$', '{', '}', '=', '"', '\\', '\n', 'a', ' AS '),
    maxLength: 40,
  });
  fc.assert(fc.property(line, (text) => void dockerfileBases(text, { a: null })));
});
