#version 450

// As many products of matrices as the device makes on registers alone: what
// chains_matrix.comp is held to.

#pragma use_vulkan_memory_model
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint SUMS = 8; // matrices of a subgroup
layout(constant_id = 2) const uint M = 16;
layout(constant_id = 3) const uint N = 16;
layout(constant_id = 4) const uint K = 32;
layout(push_constant) uniform Push { uint rounds; };
layout(set = 0, binding = 0, std430) writeonly buffer Sink { uint sink[]; };

void main()
{
	coopmat<int8_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> a = coopmat<int8_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA>(int8_t(rounds));
	coopmat<int8_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> b = coopmat<int8_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB>(int8_t(rounds + 1));
	coopmat<int, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sums[SUMS];
	[[unroll]] for (uint i = 0; i < SUMS; i++)
		sums[i] = coopmat<int, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(int(i));
	[[dont_unroll]] for (uint round = 0; round < rounds; round++) {
		[[unroll]] for (uint i = 0; i < SUMS; i++)
			sums[i] = coopMatMulAdd(a, b, sums[i]);
	}
	int all = 0;
	[[unroll]] for (uint i = 0; i < SUMS; i++)
		all += sums[i][0];
	sink[gl_LocalInvocationIndex] = uint(all);
}
