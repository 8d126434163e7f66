// Package vulkan computes Tensority on graphics cards, with the shaders of the package
// of that name: by matrix instructions, by dot products of bytes or by plain
// multiplications, whatever a device has and does fastest. Built without cgo, or on
// another system than Linux and Windows, it has no devices and says so.
//
// The binding of Vulkan that it uses, github.com/vulkan-go/vulkan, frees the C copies of
// structs in arrays by finalizers that can run before the call does. Such calls are
// made by companion.c instead, and a test keeps their names out of the other files.
package vulkan
