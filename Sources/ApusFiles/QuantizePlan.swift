// Which tensors of a model are stored in which type. The rules are llama.cpp's: matrices that are multiplied
// with are converted; norms, biases and small tables, where a coarse step would cost more than its bytes save,
// are not.

import ApusTensor

/// What becomes of one tensor.
package struct QuantizePlan {
  package let tensor: GGUFTensor
  /// The type it is written in.
  package let type: TensorType
  /// Why it is not the type asked for, if it is not.
  package let reason: String?

  package init(_ tensor: GGUFTensor, as wanted: TensorType) {
    self.tensor = tensor
    let reason = Self.exemption(tensor, wanted)
    if reason == nil {
      type = wanted
    } else if Self.isVector(tensor), tensor.type == .f16 || tensor.type == .bf16 || tensor.type == .f64 {
      type = .f32
    } else {
      type = tensor.type
    }
    self.reason = type == wanted ? nil : reason
  }

  /// A tensor that keeps its type.
  package init(keeping tensor: GGUFTensor) {
    (self.tensor, type, reason) = (tensor, tensor.type, nil)
  }

  private static func isVector(_ tensor: GGUFTensor) -> Bool { tensor.rows == 1 }

  private static func exemption(_ tensor: GGUFTensor, _ wanted: TensorType) -> String? {
    if integers.contains(tensor.type) { return "it holds integers" }
    if isVector(tensor) { return "it is a vector" }
    guard tensor.name.hasSuffix("weight") else { return "it is no weight" }
    if let part = tables.first(where: { tensor.name.contains($0) }) { return "it is a small table (\(part))" }
    guard tensor.columns % wanted.blockSize == 0 else {
      return "its rows of \(tensor.columns) are no whole number of blocks of \(wanted.blockSize)"
    }
    return nil
  }

  private static let integers: Set<TensorType> = [.i8, .i16, .i32, .i64]

  /// Parts of the names of matrices that are no products, or tiny ones.
  private static let tables = [
    "_norm.weight", "ffn_gate_inp.weight", "position_embd.weight", "token_types.weight", "attn_rel_b.weight",
    "ssm_conv1d.weight", "shortconv.conv.weight", "altup", "laurel", "per_layer_model_proj",
  ]
}
