#version 450

// As many multiply-adds as the device makes on registers alone: what chains.comp is
// held to. Built twice, as that is.

#extension GL_EXT_control_flow_attributes : require

#ifdef DOT
#extension GL_EXT_spirv_intrinsics : require
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6018], id = 4450)
int dotPacked(uint a, uint b, spirv_literal int format);
#define TERM int
#else
#define TERM float
#endif

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint SUMS = 32; // of an invocation
layout(push_constant) uniform Push { uint rounds; };
layout(set = 0, binding = 0, std430) writeonly buffer Sink { uint sink[]; };

void main()
{
	TERM sums[SUMS];
	[[unroll]] for (uint i = 0; i < SUMS; i++)
		sums[i] = TERM(gl_LocalInvocationIndex + i);
	// Each sum takes in others, or the compiler could make one product do for all rounds.
	[[dont_unroll]] for (uint round = 0; round < rounds; round++) {
		[[unroll]] for (uint i = 0; i < SUMS; i++) {
#ifdef DOT
			sums[i] += dotPacked(uint(sums[(i + 1) % SUMS]), uint(sums[(i + 2) % SUMS]), 0);
#else
			sums[i] = fma(sums[(i + 1) % SUMS], 0.5, sums[i]);
#endif
		}
	}
	TERM all = TERM(0);
	[[unroll]] for (uint i = 0; i < SUMS; i++)
		all += sums[i];
	sink[gl_LocalInvocationIndex] = uint(all);
}
