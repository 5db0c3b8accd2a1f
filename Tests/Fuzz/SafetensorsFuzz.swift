// libFuzzer target: any bytes are a safetensors file or are refused. Run by dev/fuzz.sh; seeds come from
// SafetensorsSeeds.swift.

import ApusFiles

/// Called by libFuzzer with one input; a trap, a sanitizer's report or a large allocation is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSafetensors(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let file = try? SafetensorsFile(bytes: bytes, name: "fuzz.safetensors") else { return 0 }
  var data = 0
  for tensor in file.tensors {
    let bytes = file.bytes(of: tensor)
    data += bytes.count
    precondition(tensor.elementCount * tensor.dtype.bits == bytes.count * 8)
    precondition(tensor.rows * tensor.columns == tensor.elementCount)
    _ = (tensor.type?.firstFault(in: bytes), file.isAligned(tensor), file.tensor(named: tensor.name))
  }
  // No byte belongs to two tensors or to none.
  precondition(8 + Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }) + data == count)
  return 0
}
