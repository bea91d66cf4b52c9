// Checks Kubernetes manifests against the types that `kubernetes-types` carries,
// which are generated from Kubernetes' own OpenAPI schema. TypeScript refuses a
// field that is unknown, misspelt, missing or of the wrong type, as the API
// server would with --validate=strict.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const folder = fileURLToPath(new URL('..', import.meta.url));
const options = {
  strict: true, noEmit: true, types: [], lib: ['lib.es2020.d.ts'],
  moduleResolution: ts.ModuleResolutionKind.Node10,
};

// "networking.k8s.io/v1" → "networking/v1", "v1" → "core/v1".
function moduleOf(apiVersion) {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  return `kubernetes-types/${group.split('.')[0]}/${version}`;
}

function sourceOf(document) {
  const { apiVersion, kind } = document;
  if (!/^[a-z0-9./]+$/.test(apiVersion ?? '') || !/^[A-Za-z]+$/.test(kind ?? '')) {
    return 'export const apiVersionAndKind: string = 0;';
  }
  return `import type { ${kind} } from '${moduleOf(apiVersion)}';\n`
    + `export const manifest: ${kind} = ${JSON.stringify(document, null, 1)};\n`;
}

// What is wrong with each document; an empty list where nothing is.
export function schemaErrors(documents) {
  const sources = new Map(documents.map(
    (document, index) => [path.join(folder, `manifest_${index}.ts`), sourceOf(document)]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.readFile = (name) => sources.get(name) ?? readFile(name);
  host.getSourceFile = (name, target, ...rest) => (sources.has(name)
    ? ts.createSourceFile(name, sources.get(name), target)
    : getSourceFile(name, target, ...rest));
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].map((name) => ts
    .getPreEmitDiagnostics(program, program.getSourceFile(name))
    .map((found) => ts.flattenDiagnosticMessageText(found.messageText, ' ')));
}
