#!/usr/bin/env node
'use strict';
require('./require-node.cjs');
// A file of its own, because old Nodes cannot parse it.
require('./start.cjs');
