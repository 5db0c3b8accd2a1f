// libFuzzer target: any bytes are a GGUF file or are refused. Run by dev/fuzz.sh; seeds come from GGUFSeeds.swift.

import ApusFiles

/// Called by libFuzzer with one input; a trap, a sanitizer's report or a large allocation is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGGUF(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
  if let file = try? GGUFFile(bytes: bytes, name: "fuzz.gguf") {
    for key in file.metadata.keys {
      if let value = file.metadata[key] { use(value) }
    }
    for tensor in file.tensors { _ = tensor.type.firstFault(in: file.bytes(of: tensor)) }
  }
  return 0
}

/// Reads a value in every way there is.
private func use(_ value: GGUFValue) {
  _ = (value.int, value.float, value.bool, value.string)
  guard let array = value.array else { return }
  _ = (array.ints, array.floats, array.bools)
  if let strings = array.strings {
    for index in strings.indices.prefix(64) { _ = strings[index] }
  }
  for index in 0..<min(array.count, 8) { use(array[index]) }
}
