'use strict';
// Runs before everything else, in whatever Node there is, so it is written in the oldest JavaScript.
var manifest = require('../../package.json');
var needed = /\d+(\.\d+)*/.exec(manifest.engines.node)[0];
var wanted = needed.split('.').map(Number);
var found = process.versions.node.split('.').map(Number);
var i = 0;
while (i < wanted.length && found[i] === wanted[i]) i++;
if (i < wanted.length && found[i] < wanted[i]) {
  process.stderr.write(
    'unrolled: needs Node ' +
      needed +
      ' or later, and this is ' +
      process.versions.node +
      '; get it at https://nodejs.org\n',
  );
  process.exit(1);
}
