// The type numbers Apus does not read, so that an error can name them.

extension TensorType {
  /// What is known of type number `id`, for an error message: its name and whether it was withdrawn.
  package static func describe(unread id: UInt32) -> String {
    if let name = removed[id] { return "type \(id) (\(name)) was removed from the format" }
    if let name = unsupported[id] { return "type \(id) (\(name)) is not supported" }
    return "unknown type \(id)"
  }

  /// Types once written to files and since withdrawn by ggml.
  package static let removed: [UInt32: String] = [
    4: "Q4_2", 5: "Q4_3",
    31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8",
    36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8",
  ]

  /// Types ggml has and Apus does not read.
  package static let unsupported: [UInt32: String] = [
    9: "Q8_1", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S", 22: "IQ2_S",
    29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 40: "NVFP4", 41: "Q1_0",
  ]
}
