# What node-gyp wants to find beside the headers. Node-API is the same in every version of Node.js: no others are needed.
{
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': {'Release': {}, 'Debug': {}},
    'cflags': ['-O2', '-pthread'],
    'ldflags': ['-pthread'],
  },
}
