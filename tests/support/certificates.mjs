// A certificate authority for one test, made with the openssl command.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { temporaryFolder } from './parley.mjs';

// Quicker to make than RSA.
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  constructor(name = 'test CA') {
    this.folder = temporaryFolder('parley-ca-');
    this.openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem',
      '-days', '2', '-subj', `/CN=${name}`);
    this.ca = path.join(this.folder, 'ca.pem');
  }

  openssl(...args) {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
  }

  // `days` may be negative: it has expired.
  issue(name, { days = 2 } = {}) {
    const file = (ending) => path.join(this.folder, `${name}.${ending}`);
    this.openssl('req', ...newKey, '-keyout', file('key'), '-out', file('csr'),
      '-subj', `/CN=${name}`);
    fs.writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    this.openssl('x509', '-req', '-in', file('csr'), '-CA', this.ca, '-CAkey', 'ca.key',
      '-CAcreateserial', '-out', file('pem'), '-days', `${days}`, '-extfile', file('ext'));
    return { cert: file('pem'), key: file('key'), ca: this.ca };
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
