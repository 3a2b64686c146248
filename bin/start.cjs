// Old syntax throughout (ES5), so that every Node.js can parse this file and say what it needs.
'use strict';

var needed = [22, 18];

function isNewEnough(version) {
  var parts = version.split('.').map(Number);
  return parts[0] > needed[0] || (parts[0] === needed[0] && parts[1] >= needed[1]);
}

function isVersionOnly(program, args) {
  if (args.length !== 1) return false;
  // The Python tool's `madengine -v` was its version; after a command it is --verbose.
  return args[0] === '--version' || args[0] === '-V' || (program === 'madengine' && args[0] === '-v');
}

/**
 * Compiled code is kept in the user's own cache folder: Node.js's default lies in the shared temporary folder, where
 * another user could plant code that we would run.
 */
function keepCompiledCode() {
  var module_ = require('node:module');
  var home = process.env.HOME;
  var cache = process.env.XDG_CACHE_HOME || (home && home + '/.cache');
  if (!cache || !module_.enableCompileCache) return;
  var folder = cache + '/madengine/compiled';
  if (makeFolder(folder)) module_.enableCompileCache(folder);
}

/**
 * Node.js makes the folder itself, but goes round for ever where a file system answers "no such file" below a folder
 * that is there, as /proc does, and the mount points of an automounter.
 */
function makeFolder(folder) {
  var fs = require('node:fs');
  if (fs.existsSync(folder)) return true;
  var parent = require('node:path').dirname(folder);
  if (parent === folder || !makeFolder(parent)) return false;
  try {
    // 0700, whatever the umask is: what lies there is executed.
    fs.mkdirSync(folder, 448);
    return true;
  } catch (error) {
    return error.code === 'EEXIST';
  }
}

function tellUnwritten(error) {
  if (error.code === 'EPIPE') return;
  process.stderr.write('Error: standard output: ' + error.message + '\n');
  process.exitCode = 1;
}

module.exports = function start(program) {
  var wanted = program + ' needs Node.js ' + needed.join('.') + ' or newer';
  if (!isNewEnough(process.versions.node)) {
    process.stderr.write(wanted + '; this is ' + process.versions.node + '.\n');
    process.exit(1);
  }
  var version = require('../package.json').version;
  if (isVersionOnly(program, process.argv.slice(2))) {
    process.stdout.on('error', tellUnwritten);
    process.stdout.write(program + ' ' + version + '\n');
    return;
  }
  keepCompiledCode();
  require('../dist/main.js').main(program, version);
};
