"""Archives and compressed streams: what is in them, and where two readers would see two things.

sources      bytes that can be read anywhere: a file, a member, what a stream expands to; the budget of them all
compressed   gzip, bzip2, xz, lzma, zlib, Zstandard, LZ4
zips         zip, from its directory and from its members' own headers
tars         tar
names        what an unpacker would do with the name of a member
keras        code in the description of a Keras model
skops        what the schema of skops imports
torchscript  the types and the host of compiled code in a checkpoint
graphs       what ONNX, TensorFlow and OpenVINO reach for; private chunks of pictures
nest         one file from the outside in

Nothing in a model is run, unpickled or unpacked to disk; every count, size and depth has a bound.
"""
