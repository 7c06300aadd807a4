// node verify.mjs BUNDLE PUBLIC_KEY: verifies the first line of BUNDLE with @sigstore/verify and prints its payload.
// A key signature has no certificate, log entry or timestamp, so these thresholds are 0; the signature itself is not optional.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';

const [bundlePath, keyPath] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath, 'utf8').split('\n')[0]));
const noAuthorities = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
const publicKey = createPublicKey(readFileSync(keyPath));
const trust = toTrustMaterial(noAuthorities, () => ({ publicKey, validFor: () => true }));

new Verifier(trust, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
process.stdout.write(bundle.content.dsseEnvelope.payload);
