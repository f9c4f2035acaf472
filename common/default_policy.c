/* The bytes of default-policy.yaml, by the assembler. */
__asm__(".section .rodata\n"
	".global sg_default_policy\n"
	".global sg_default_policy_end\n"
	"sg_default_policy:\n"
	".incbin \"" SG_DEFAULT_POLICY "\"\n"
	"sg_default_policy_end:\n"
	".byte 0\n"
	".previous\n");
