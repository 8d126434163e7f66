// Package vulkan_test has nodes mine on graphics cards, sound and faulty ones.
package vulkan_test
