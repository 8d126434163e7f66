// What the Go binding of Vulkan cannot do safely or does not know: see companion.c.
// No Vulkan header is needed to build it; what little it declares of Vulkan's
// interface is in companion.c, and the loader has the rest.
#ifndef BYTOM_SOLO_COMPANION_H
#define BYTOM_SOLO_COMPANION_H

#include <stddef.h>
#include <stdint.h>

enum { VKC_SHAPES = 16, VKC_STATISTICS = 64, VKC_BINDINGS = 4, VKC_CONSTANTS = 16 };

// A handle is a pointer or a 64-bit number; both go through 64 bits here.
typedef uint64_t vkc_handle;

// vkc_shape is a size of cooperative matrices of signed bytes: m × k by k × n.
struct vkc_shape {
	uint32_t m, n, k;
};

// vkc_offer is what a physical device offers to a program like this one.
struct vkc_offer {
	uint32_t api, driver_version, vendor, device, type;
	char name[256];
	uint8_t uuid[16];
	uint32_t driver_id; // 0 if unknown
	char driver_name[256], driver_info[256];

	uint32_t shared_memory, invocations, size_x, groups_y; // limits of compute
	uint64_t storage_range;
	uint32_t subgroup, subgroup_least, subgroup_most;
	uint32_t subgroups; // most in a workgroup if their size is required

	uint32_t family;        // of queues; UINT32_MAX if none computes
	uint32_t dot_extension, dot, dot_accelerated;
	uint32_t matrix_extension, matrix, int8, memory_model, device_scope;
	uint32_t sized, full; // subgroups of a required size, and full ones
	uint32_t statistics;  // of compiled shaders
	uint32_t portability; // a device that must be asked for by its extension
};

// vkc_needs is what a logical device is to have: only what was offered.
struct vkc_needs {
	uint32_t family, dot, matrix, sized, statistics;
};

// vkc_open loads Vulkan's loader. It returns vkGetInstanceProcAddr, or NULL with the
// reason in why.
void *vkc_open(char *why, size_t room);

// vkc_instance makes an instance, by which devices may be used as of Vulkan 1.3 at the most
// whatever the loader's version, and with the validation
// layer, synchronization included, and its messages if validate. It may be called once.
// *version is what the loader knows.
int32_t vkc_instance(int validate, vkc_handle *instance, uint32_t *version);

// vkc_query finds out what a physical device offers.
int32_t vkc_query(vkc_handle physical, struct vkc_offer *offer);

// vkc_device makes a logical device with one queue.
int32_t vkc_device(vkc_handle physical, const struct vkc_offer *offer, const struct vkc_needs *needs, vkc_handle *device);

// vkc_shapes lists the matrix shapes of signed bytes with sums of 32 bits. The
// instance must know the extension and the device have been made with it: newer
// loaders crash otherwise. *count is the room, then the number.
int32_t vkc_shapes(vkc_handle physical, struct vkc_shape *shapes, uint32_t *count);

// vkc_module makes a shader module; size is in bytes, a multiple of 4.
int32_t vkc_module(vkc_handle device, const uint32_t *code, size_t size, vkc_handle *module);

// vkc_cache makes a pipeline cache, from what an earlier one held if size is not 0.
int32_t vkc_cache(vkc_handle device, const void *data, size_t size, vkc_handle *cache);

// vkc_layouts makes a descriptor set layout of storage buffers, and the pipeline
// layout with that set alone and so many bytes of push constants.
int32_t vkc_layouts(vkc_handle device, uint32_t bindings, uint32_t push, vkc_handle *set, vkc_handle *pipeline);

// vkc_set makes a pool of one descriptor set and writes whole buffers into it.
int32_t vkc_set(vkc_handle device, vkc_handle layout, const vkc_handle *buffers, uint32_t count, vkc_handle *pool, vkc_handle *set);

// vkc_pipeline makes a compute pipeline with the specialization constants 0, 1, 2, …
// A subgroup size other than 0 is required of it, in full subgroups. With statistics,
// vkc_statistics can be asked for it.
int32_t vkc_pipeline(vkc_handle device, vkc_handle cache, vkc_handle module, vkc_handle layout,
	const uint32_t *constants, uint32_t count, uint32_t subgroup, uint32_t statistics, vkc_handle *pipeline);

// vkc_statistic is a figure of a compiled shader, by the driver's own name.
struct vkc_statistic {
	char name[256];
	uint64_t value;
};

// vkc_statistics lists what the driver says of a pipeline's shader in whole numbers, of a
// device that was made to have them. *count is the room, then the number.
int32_t vkc_statistics(vkc_handle device, vkc_handle pipeline, struct vkc_statistic *statistics, uint32_t *count);

// vkc_proc finds a function of the instance.
void (*vkc_proc(const char *name))(void);

// vkc_copy copies the beginning of a buffer to the beginning of another.
void vkc_copy(vkc_handle commands, vkc_handle from, vkc_handle to, uint64_t size);

// vkc_barrier makes writes of some stages and kinds visible to others.
void vkc_barrier(vkc_handle commands, uint32_t from_stage, uint32_t from_access, uint32_t to_stage, uint32_t to_access);

// vkc_submit submits a command buffer. The queue must not be used by others meanwhile.
int32_t vkc_submit(vkc_handle queue, vkc_handle commands, vkc_handle fence);

#endif
