# The addon from the package's own sources (source/), where no prebuilt one fits: lib/install.js runs node-gyp.
{
  'targets': [{
    'target_name': 'ringpost',
    'sources': ['<!@(ls source/ipc/*.cpp source/client-lib/*.cpp source/client-lib/node/src/*.cpp)'],
    'include_dirs': ['source', 'source/include/node'],
    'defines': ['NAPI_VERSION=8'],
    'cflags': ['-fPIC', '-fvisibility=hidden'],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti'],
    'cflags_cc': ['-std=c++20', '-fno-gnu-unique'],
    'libraries': ['-pthread'],
  }],
}
